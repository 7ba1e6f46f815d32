"""Queries that one may become while it is typed, and documents with that in their titles."""

import html
import time

from shared.database.connections import ask_reader
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.suggestions import SuggestedDocument, Suggestion, Suggestions
from shared.domain.usage import Usage
from shared.repositories.collections import found_collection
from shared.repositories.vocabulary import FoundSuggestions, start_suggestions
from shared.services.gone_documents import show_passing, shown_of

SHOWN_DOCUMENTS = 5
# Of a long query the last words say what comes next.
_WORDS_BEFORE = 8


async def suggest_queries(
    database: Database, principal: Principal, collection: str, typed: str, limit: int
) -> Suggestions:
    """At most `limit` queries. Raises CollectionNotFound."""
    return await ask_reader(
        database, principal, lambda asked: _suggest(asked, principal, collection, typed, limit)
    )


async def _suggest(
    database: Database, principal: Principal, collection: str, typed: str, limit: int
) -> Suggestions:
    started = time.perf_counter()
    *earlier, last = typed.split()
    # Read after the unit of work, so that its commit travels in the statement's own round trip.
    async with database.unit_of_work(principal) as unit:
        await show_passing(unit, principal, collection)
        pending = await start_suggestions(
            unit,
            collection,
            earlier=earlier[-_WORDS_BEFORE:],
            typed=last,
            limit=limit,
            shown_documents=SHOWN_DOCUMENTS,
            of_readable=not principal.sees_all_documents,
        )
    found = await found_collection(pending, collection)
    documents = found.documents
    if found.gone is not None:
        async with database.unit_of_work(principal) as unit:
            await show_passing(unit, principal, collection)
            ids = [document["id"] for document in documents]
            shown = await shown_of(unit, found.collection_id, found.gone, ids)
        documents = [document for document in documents if document["id"] in shown]
    before = _before(earlier, found)
    return Suggestions(
        suggestions=[
            _suggestion([*before, *_ending(last, found.typed, word)], having) for word, having in found.words
        ],
        documents=[SuggestedDocument(**document) for document in documents],
        took_ms=round((time.perf_counter() - started) * 1000, 2),
        usage=Usage(),
    )


# What stays of a query, and what comes after it.
type _Piece = tuple[str, str]


def _before(earlier: list[str], found: FoundSuggestions) -> list[_Piece]:
    """The words before, with the corrected ones as something new."""
    pieces: list[_Piece] = []
    for place, word in enumerate(earlier, start=1 - max(len(earlier) - _WORDS_BEFORE, 0)):
        correction = found.corrections.get(str(place))
        pieces += [(word, "") if correction is None else ("", correction), (" ", "")]
    return pieces


def _ending(last: str, typed: str, word: str) -> list[_Piece]:
    """The last word, as it was typed as far as it stays."""
    if not last.lower().endswith(typed):
        last = typed
    head, tail = last[: -len(typed)], last[-len(typed) :]
    return [(head, ""), (tail, word.removeprefix(typed)) if word.startswith(typed) else ("", word)]


def _suggestion(pieces: list[_Piece], documents: int) -> Suggestion:
    highlight = [
        html.escape(kept) + (f"<mark>{html.escape(new)}</mark>" if new else "") for kept, new in pieces
    ]
    return Suggestion(
        text="".join(kept + new for kept, new in pieces), highlight="".join(highlight), documents=documents
    )
