"""Aliases while others search, and while others take the same names."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.cache.null import NullCache
from shared.database.pool import PooledConnections
from shared.domain.maintenance import MaintainRequest
from shared.domain.principals import ADMIN
from shared.embeddings.protocol import Embedder
from shared.errors import CollectionExists, CollectionInUse, CollectionNotFound, DatabaseError
from shared.services.delete_collection import delete_collection
from shared.services.name_collections import set_alias
from tests.builders.documents import a_document
from tests.builders.embedding_state import execute
from tests.builders.library import Library, RecordedQueue, settings_of

SEARCHERS = 4


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[PooledConnections]:
    connections = PooledConnections(settings_of(database_url))
    yield connections
    await connections.aclose()


async def a_library(pool: PooledConnections, embedder: Embedder, name: str, count: int) -> Library:
    library = Library(pool, embedder, name)
    await library.create()
    await library.upsert(*(a_document(f"{name}-{n}", "A river.") for n in range(count)))
    return library


async def test_searches_see_one_collection_or_the_other(pool: PooledConnections, embedder: Embedder) -> None:
    await a_library(pool, embedder, "first", 3)
    await a_library(pool, embedder, "second", 5)
    books = Library(pool, embedder, "books")
    await set_alias(pool, NullCache(), ADMIN, "books", "first")
    whole = ({f"first-{n}" for n in range(3)}, {f"second-{n}" for n in range(5)})
    seen: list[set[str]] = []
    asked = asyncio.Condition()
    swapping = True

    async def search() -> None:
        while swapping:
            ids = set(await books.find("river", mode="keyword"))
            async with asked:
                seen.append(ids)
                asked.notify_all()

    searchers = [asyncio.create_task(search()) for _ in range(SEARCHERS)]
    for turn in range(20):
        await set_alias(pool, NullCache(), ADMIN, "books", ("second", "first")[turn % 2])
        enough = len(seen) + 2 * SEARCHERS
        async with asked:
            while len(seen) < enough:
                await asked.wait()
    swapping = False
    await asyncio.gather(*searchers)
    assert all(ids in whole for ids in seen)
    assert {len(ids) for ids in seen} == {3, 5}


async def test_one_of_two_gets_a_name(pool: PooledConnections, embedder: Embedder) -> None:
    await a_library(pool, embedder, "first", 1)
    for turn in range(10):
        name = f"name-{turn}"
        outcomes = await asyncio.gather(
            set_alias(pool, NullCache(), ADMIN, name, "first"),
            Library(pool, embedder, name).create(),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert [type(error) for error in refused] == [CollectionExists]


async def test_a_collection_is_not_deleted_while_it_gets_an_alias(
    pool: PooledConnections, embedder: Embedder
) -> None:
    queue = RecordedQueue[MaintainRequest]()
    for turn in range(10):
        name, alias = f"first-{turn}", f"alias-{turn}"
        await a_library(pool, embedder, name, 1)
        outcomes = await asyncio.gather(
            set_alias(pool, NullCache(), ADMIN, alias, name),
            delete_collection(pool, NullCache(), queue, ADMIN, name),
            return_exceptions=True,
        )
        refused = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
        assert refused in ([CollectionNotFound], [CollectionInUse])


async def test_what_else_the_database_says_is_told(
    pool: PooledConnections, embedder: Embedder, database_url: str
) -> None:
    await a_library(pool, embedder, "first", 1)
    execute(database_url, "ALTER TABLE concord.alias RENAME TO gone")
    with pytest.raises(DatabaseError):
        await set_alias(pool, NullCache(), ADMIN, "books", "first")
