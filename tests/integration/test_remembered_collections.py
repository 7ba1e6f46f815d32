"""What a process remembers of collections, at its bounds, and searches of more postings than one reads."""

import random
from datetime import timedelta

import pytest

from shared.domain import ranking
from shared.domain.principals import ADMIN
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.embeddings.protocol import Embedder
from shared.errors import CollectionNotFound
from shared.repositories.search_plan import SearchPlan
from shared.services import collection_snapshots
from shared.services.collection_snapshots import KnownCollection
from shared.services.plan_search import AskedSearch, plan_search, read_request
from shared.services.run_search import run_search
from shared.services.time_budget import TimeBudget
from tests.builders.documents import a_document, prose
from tests.builders.library import Library
from tests.builders.recorded_database import RecordedDatabase


async def test_no_more_collections_are_remembered_than_fit(
    library: Library, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_snapshots, "_MOST_REMEMBERED", 1)
    recorded = RecordedDatabase(library.database)
    first, second = (Library(recorded, embedder, name) for name in ("library", "other"))
    await second.create()
    for shelf in (first, second):
        await shelf.upsert(a_document("river", "A river."))
    recorded.units.clear()
    for shelf in (first, first, second, first):
        assert await shelf.find("river", mode="keyword") == ["river"]
    assert recorded.units.count(["find_facts"]) == 3


async def test_a_collection_that_is_never_what_it_was_is_given_up(library: Library) -> None:
    request = SearchRequest(q="river", mode=SearchMode.KEYWORD)
    asked = AskedSearch(request, read_request(request), None)
    plans: list[SearchPlan] = []

    async def plan_for(known: KnownCollection) -> SearchPlan:
        changed = known.facts._replace(updated_at=known.facts.updated_at - timedelta(seconds=1))
        plans.append(plan_search(known._replace(facts=changed), asked, TimeBudget.of(None)))
        return plans[-1]

    with pytest.raises(CollectionNotFound):
        await run_search(library.database, ADMIN, "library", plan_for)
    assert len(plans) == 3


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
async def test_a_budget_for_postings_keeps_the_best(
    library: Library, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    randomness = random.Random(3)
    await library.upsert(*(a_document(f"d{n:03}", prose(randomness, 20)) for n in range(150)))
    await library.upsert(a_document("best", "A lighthouse keeper of the river harbour railway."))
    await library.embed()
    everything = await library.search("lighthouse keeper river harbour railway", mode=mode, limit=10)
    monkeypatch.setattr(ranking, "BUDGETED_DOCUMENTS", 10)
    monkeypatch.setattr(ranking, "POSTING_BUDGET", 20)
    budgeted = await library.search("lighthouse keeper river harbour railway", mode=mode, limit=10)
    first = budgeted.hits[0]
    assert first.document.id == "best"
    assert first.score == pytest.approx(everything.hits[0].score)
    if mode == "keyword":
        assert (everything.found_exact, budgeted.found_exact) == (True, False)
