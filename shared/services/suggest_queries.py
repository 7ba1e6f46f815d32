"""Queries that one may become while it is typed, and what it finds so far."""

import html

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.query_words import normalized_words
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.domain.suggestions import SuggestedDocument, Suggestion, Suggestions
from shared.repositories.vocabulary import start_suggestions
from shared.services.plan_search import AskedSearch, plan_search, read_request
from shared.services.run_search import run_search
from shared.services.time_budget import TimeBudget

SHOWN_DOCUMENTS = 5


async def suggest_queries(
    database: Database, principal: Principal, collection: str, typed: str, limit: int
) -> Suggestions:
    """At most `limit` queries. Raises CollectionNotFound."""
    budget = TimeBudget.of(None)
    request = SearchRequest(
        q=typed,
        mode=SearchMode.KEYWORD,
        prefix=True,
        limit=SHOWN_DOCUMENTS,
        passages=0,
        highlight=False,
        include_fields=("id", "title", "url"),
    )
    asked = AskedSearch(request, read_request(request), vector=None, model="", dimensions=0)
    plan, found = await run_search(
        database, principal, collection, lambda known: plan_search(known, asked, budget)
    )
    *earlier, last = typed.split()
    (word,) = normalized_words(last)[:1] or ("",)
    async with database.unit_of_work(principal) as unit:
        pending = await start_suggestions(
            unit, plan.facts.id, plan.facts.language, earlier=earlier, typed=word, limit=limit
        )
    words = await pending.rows()
    return Suggestions(
        suggestions=[
            _suggestion(earlier, word, suggested.word, suggested.documents) for suggested in words if word
        ],
        documents=[
            SuggestedDocument(id=row.id, title=row.title, url=row.url) for row in found if row.id is not None
        ],
        took_ms=round(budget.spent_ms, 2),
    )


def _suggestion(earlier: list[str], typed: str, word: str, documents: int) -> Suggestion:
    before = " ".join([*earlier, ""])
    kept = typed if word.startswith(typed) else ""
    added = html.escape(word[len(kept) :])
    highlight = html.escape(before + kept) + (f"<mark>{added}</mark>" if added else "")
    return Suggestion(text=before + word, highlight=highlight, documents=documents)
