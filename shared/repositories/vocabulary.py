"""The words of a collection as they are written."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.repositories.readable import within_readable

SQL = SqlFile("shared.repositories.sql", "vocabulary")
# Completions that are counted beside the words before them.
_LOOKED_AT = 30


class FoundSuggestions(NamedTuple):
    """What `typed`, the last word of a query as it is looked up, may become.

    `words`, likeliest first, with how many documents have each beside the words before. `corrections` has
    those of the words before that became others, by their places, of which the first is "1". `documents` have
    id, title and url.
    """

    typed: str
    corrections: dict[str, str]
    words: list[tuple[str, int]]
    documents: list[dict[str, Any]]
    collection_id: int
    # What shared.services.gone_documents reads.
    gone: dict[str, Any] | None


async def add_words(unit: UnitOfWork, collection_id: int, language: str, texts: Sequence[str]) -> None:
    """Note the words of texts that are in the index. The caller holds the collection's lock."""
    await unit.send(
        SQL["add_words"], collection_id=collection_id, language=language, texts=list(dict.fromkeys(texts))
    )


async def forget_words(unit: UnitOfWork, collection_id: int, term_ids: Sequence[int]) -> None:
    """Remove the words of those terms that no document has any more. Needs the collection's lock."""
    await unit.send(SQL["forget_words"], collection_id=collection_id, term_ids=list(term_ids))


async def start_suggestions(
    unit: UnitOfWork,
    collection: str,
    *,
    earlier: Sequence[str],
    typed: str,
    limit: int,
    shown_documents: int,
    of_readable: bool,
) -> Pending[FoundSuggestions]:
    """What the last word of `typed` may become after `earlier` ones; no row without such a collection.

    `of_readable` is for callers who may not read every document.
    """
    return await unit.start(
        within_readable(SQL["suggest_queries"]) if of_readable else SQL["suggest_queries"],
        FoundSuggestions,
        collection=collection,
        earlier=list(earlier),
        typed=typed,
        limit=limit,
        looked_at=max(limit, _LOOKED_AT),
        shown_documents=shown_documents,
    )
