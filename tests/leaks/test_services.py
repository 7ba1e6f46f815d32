"""What Acme is told is what it would be told if Globex had never written anything."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.database.pool import PooledConnections
from shared.domain.principals import ADMIN, Principal
from shared.domain.search import SearchRequest
from shared.domain.similar import SimilarRequest
from shared.errors import CollectionNotFound, ConcordError, DocumentNotFound
from shared.services.find_similar_documents import find_similar_documents
from shared.services.get_collection import get_collection
from shared.services.get_document import get_document
from shared.services.list_collections import list_collections
from shared.services.list_documents import list_documents
from shared.services.search_documents import search_documents
from shared.services.suggest_queries import suggest_queries
from tests.builders.library import Library, settings_of
from tests.builders.two_tenants import ACME, ACME_BY_FILTER, ACME_BY_NAME, HIDDEN, NOBODY, canaries_in
from tests.leaks.conftest import Worlds

SEARCHES: list[dict[str, Any]] = [
    {"q": "harbour"},
    {"q": "harbour", "mode": "keyword"},
    {"q": "harbour", "mode": "semantic", "limit": 50},
    {"q": "a secret merger", "mode": "hybrid", "explain": True},
    {"q": "zirconquokka", "mode": "keyword"},
    {"q": "zirconquoka", "mode": "keyword"},
    {"q": "harbuor", "mode": "keyword"},
    {"q": "zirconq", "mode": "keyword", "prefix": True},
    {"q": "zircon", "mode": "keyword"},
    {"q": "Heliotrope", "mode": "hybrid"},
    {"q": '"zirconquokka merger"'},
    {"q": "harbour -zirconquokka", "mode": "keyword"},
    {"q": "*", "limit": 50},
    {"q": "*", "filter": 'kind = "magentaplan"'},
    {"q": "*", "filter": "globex_budget > 0"},
    {"q": "*", "filter": "globex_budget EXISTS"},
    {"q": "*", "filter": "year IN [2024, 2026]"},
    {"q": "*", "filter": 'year = 2026 AND kind = "magentaplan"'},
    {"q": "harbour", "filter": "year > 2000", "facets": ["kind", "year"]},
    {"q": "*", "facets": ["kind", "globex_budget"]},
    {"q": "*", "facets": ["kind"], "facet_query": "kind: mag"},
    {"q": "*", "sort": ["globex_budget:desc"]},
    {"q": "*", "sort": ["year:desc"], "limit": 2},
    {"q": "*", "group_by": "kind"},
    {"q": "harbour", "group_by": "globex_budget"},
    {"q": "harbour", "boosts": [{"field": "globex_budget", "weight": 1, "half": 10}]},
    {"q": "harbour", "mode": "keyword", "cutoff_ms": 5_000},
    {"q": "harbour boats", "mode": "hybrid", "fusion": "rrf", "passages": 5, "include_fields": ["body"]},
]


def told(answer: Any) -> Any:
    """An answer without what may differ: times, and scores, which weigh words by all of the collection."""
    if hasattr(answer, "_asdict"):
        answer = answer._asdict()
    if isinstance(answer, dict):
        return {
            name: told(value)
            for name, value in answer.items()
            if name not in {"took_ms", "score", "explain", "created_at", "updated_at", "name"}
        }
    return [told(item) for item in answer] if isinstance(answer, list | tuple) else answer


async def outcome_of(asked: Awaitable[Any]) -> Any:
    """What the caller gets, an error as well."""
    try:
        answer = await asked
    except ConcordError as error:
        text = json.dumps([error.code, error.message, error.details])
        return text.replace("shared_without", "shared")
    if hasattr(answer, "model_dump"):
        return told(answer.model_dump(mode="json"))
    return told(answer)


async def compare(ask: Callable[[str], Awaitable[Any]]) -> str:
    """What is told of the collection with the hidden documents, which is what is told of the other."""
    with_hidden = await outcome_of(ask("shared"))
    assert with_hidden == await outcome_of(ask("shared_without"))
    return json.dumps(with_hidden, default=str)


every_way = pytest.mark.parametrize(
    "acme",
    [ACME, ACME_BY_FILTER, ACME._replace(filter=ACME_BY_FILTER.filter)],
    ids=["readers", "filter", "both"],
)


@every_way
@pytest.mark.parametrize("asked", SEARCHES, ids=lambda asked: " ".join(map(str, asked.values())))
async def test_a_search_tells_nothing_of_others(
    worlds: Worlds, asked: dict[str, Any], acme: Principal
) -> None:
    request = SearchRequest(**asked)

    def ask(name: str) -> Awaitable[Any]:
        return search_documents(worlds.database, worlds.embedder, acme, name, request)

    text = await compare(ask)
    # What was asked may be repeated, no more.
    assert canaries_in(text) <= canaries_in(json.dumps(asked))


async def test_administrators_find_what_is_hidden(worlds: Worlds) -> None:
    """Else the tests here could not fail."""
    request = SearchRequest(q="zirconquoka", mode="keyword", facets=["globex_budget"])
    found = await search_documents(worlds.database, worlds.embedder, ADMIN, "shared", request)
    assert {hit.document.id for hit in found.hits} == {document.id for document in HIDDEN}
    assert "7041923" in json.dumps(told(found.model_dump(mode="json"))["facets"])
    suggested = await suggest_queries(worlds.database, ADMIN, "shared", "zirconq", 5)
    assert suggested.suggestions[0].text == "zirconquokka"


@every_way
@pytest.mark.parametrize(
    "typed",
    ["zirc", "zirconq", "zirconquoka", "harbour zirc", "zirconquokka mer", "Heli", "quick", "b", "harbuor b"],
)
async def test_suggestions_tell_nothing_of_others(worlds: Worlds, typed: str, acme: Principal) -> None:
    def ask(name: str) -> Awaitable[Any]:
        return suggest_queries(worlds.database, acme, name, typed, 20)

    assert canaries_in(await compare(ask)) <= canaries_in(typed)


@every_way
async def test_what_is_hidden_is_not_there(worlds: Worlds, acme: Principal) -> None:
    database = worlds.database

    async def error_of(asked: Awaitable[Any], document_id: str) -> str:
        with pytest.raises(DocumentNotFound) as caught:
            await asked
        return json.dumps(caught.value.details).replace(document_id, "the id")

    for document in HIDDEN:
        for read in (
            lambda id_: get_document(database, acme, "shared", id_),
            lambda id_: find_similar_documents(database, acme, "shared", id_, SimilarRequest()),
        ):
            hidden = await error_of(read(document.id), document.id)
            assert hidden == await error_of(read("globex:nothing"), "globex:nothing")


@every_way
async def test_similar_documents_are_those_one_may_read(worlds: Worlds, acme: Principal) -> None:
    def ask(name: str) -> Awaitable[Any]:
        return find_similar_documents(worlds.database, acme, name, "everybody", SimilarRequest(limit=50))

    assert canaries_in(await compare(ask)) == set()


async def test_lists_and_counts_are_of_what_one_may_read(worlds: Worlds) -> None:
    text = await compare(
        lambda name: list_documents(worlds.database, ACME, name, after="", limit=50, filter_text=None)
    )
    assert "acme:boats" in text
    assert canaries_in(text) == set()
    # Who else may read a document is not told either.
    assert "group:other" not in text
    counted = await get_collection(worlds.database, ACME, "shared")
    without = await get_collection(worlds.database, ACME, "shared_without")
    assert (counted.documents, counted.chunks, counted.pending) == (without.documents, without.chunks, 0)
    assert counted.documents == 3


async def test_collections_of_other_names_are_not_there(worlds: Worlds) -> None:
    database, embedder = worlds.database, worlds.embedder
    request = SearchRequest(q="merger")
    # Others may have made the process remember it.
    assert (await search_documents(database, embedder, ADMIN, "globex_notes", request)).hits
    for ask in (
        lambda: search_documents(database, embedder, ACME_BY_NAME, "globex_notes", request),
        lambda: get_document(database, ACME_BY_NAME, "globex_notes", "note"),
        lambda: get_collection(database, ACME_BY_NAME, "globex_notes"),
        lambda: suggest_queries(database, ACME_BY_NAME, "globex_notes", "zirc", 5),
        lambda: list_documents(database, ACME_BY_NAME, "globex_notes", after="", limit=5, filter_text=None),
        lambda: find_similar_documents(database, ACME_BY_NAME, "globex_notes", "note", SimilarRequest()),
    ):
        with pytest.raises((CollectionNotFound, DocumentNotFound)):
            await ask()
    listed, _ = await list_collections(database, ACME_BY_NAME, after="", limit=50)
    assert [collection.name for collection in listed] == ["acme_notes"]
    found = await search_documents(database, embedder, ACME_BY_NAME, "acme_notes", SearchRequest(q="boats"))
    assert [hit.document.id for hit in found.hits] == ["note"]


async def test_without_claims_there_is_nothing(worlds: Worlds) -> None:
    with pytest.raises(CollectionNotFound):
        await search_documents(worlds.database, worlds.embedder, NOBODY, "shared", SearchRequest(q="*"))
    assert await list_collections(worlds.database, NOBODY, after="", limit=50) == ([], False)


async def test_revoking_is_one_update(worlds: Worlds) -> None:
    async def ids(principal: Principal) -> set[str | None]:
        request = SearchRequest(q="*", limit=50)
        found = await search_documents(worlds.database, worlds.embedder, principal, "shared", request)
        return {hit.document.id for hit in found.hits}

    library = Library(worlds.database, worlds.embedder, "shared")
    assert await ids(ACME) == {"acme:boats", "acme:harbour", "everybody"}
    await library.change("acme:boats", readers=["group:globex"])
    assert await ids(ACME) == {"acme:harbour", "everybody"}
    await library.change("globex:secret0", readers=None)
    assert await ids(ACME) == {"acme:harbour", "everybody", "globex:secret0"}


async def test_callers_at_once_keep_their_views(worlds: Worlds) -> None:
    """Claims are the transaction's: on a pool's connections nobody is given another's."""
    pool = PooledConnections(settings_of(worlds.url, database_pool_size=3))
    request = SearchRequest(q="harbour", mode="keyword", limit=50)

    async def search(principal: Principal) -> set[str]:
        found = await search_documents(pool, worlds.embedder, principal, "shared", request)
        return {hit.document.id or "" for hit in found.hits}

    answers = await asyncio.gather(*(search(principal) for _ in range(60) for principal in (ADMIN, ACME)))
    await pool.aclose()
    assert {frozenset(answer) for answer in answers[1::2]} == {
        frozenset(("acme:boats", "acme:harbour", "everybody"))
    }
    assert all(any(id_.startswith("globex") for id_ in answer) for answer in answers[::2])
