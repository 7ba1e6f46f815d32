"""What an outage, a mistake or a coincidence of numbers leaves behind, and how it is mended."""

import asyncio
import contextvars

import pytest

from shared.cache.null import NullCache
from shared.database.pool import PooledConnections
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.embedding_templates import DEFAULT_TEMPLATE
from shared.domain.new_collections import CollectionChange
from shared.domain.principals import ADMIN
from shared.errors import CollectionNotFound, EmbedderRejected, EmbedderUnavailable, Unavailable
from shared.repositories.collections import insert_collection, rename_collection
from shared.repositories.embedding_jobs import MAX_ATTEMPTS
from shared.services.locked_collection import lock_collection
from shared.services.update_collection import update_collection
from tests.builders.claims import pool
from tests.builders.documents import a_document
from tests.builders.embedders import FailingEmbedder, HeldEmbedder
from tests.builders.embedding_state import assert_vectors_are_right, execute
from tests.builders.library import Library


async def test_a_long_outage_fails_nothing(library: Library) -> None:
    await library.upsert(a_document("a", "A river."))
    down = FailingEmbedder(library.embedder, lambda _: EmbedderUnavailable())
    for _ in range(MAX_ATTEMPTS + 2):
        with pytest.raises(EmbedderUnavailable):
            await library.embed(down)
    assert (await library.get("a")).embedding_state == "pending"
    await library.embed()
    assert (await library.get("a")).embedding_state == "ready"


async def test_sending_a_failed_document_again_tries_again(library: Library) -> None:
    await library.upsert(a_document("a", "A river."))
    await library.embed(FailingEmbedder(library.embedder, lambda _: EmbedderRejected("No.")))
    assert (await library.get("a")).embedding_state == "failed"
    library.queue.requests.clear()
    assert await library.upsert(a_document("a", "A river.")) == {"a": "unchanged"}
    assert (await library.get("a")).embedding_state == "pending"
    assert library.queue.requests == [EmbedRequest(1, (1,))]
    await library.embed()
    assert (await library.get("a")).embedding_state == "ready"


async def test_a_claim_on_a_number_that_is_used_again_completes_nothing(
    database_url: str, library: Library
) -> None:
    """A document is deleted while it is embedded, and another takes its numbers."""
    held = HeldEmbedder(library.embedder)
    await library.upsert(a_document("old", "A river."))
    async with pool(database_url) as connections:
        other = Library(connections, held)
        run = asyncio.create_task(other.embed(held))
        await held.asked.wait()
        await library.delete("old")
        await library.maintain()
        await library.upsert(a_document("new", "Stars in the sky."))
        numbers = execute(database_url, "SELECT number, index_number FROM concord.document")
        assert numbers == [(1, 1)]
        held.may_answer.set()
        await run
    await library.embed()
    assert (await library.get("new")).embedding_state == "ready"
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_deleted_collection_is_not_embedded(library: Library) -> None:
    await library.upsert(a_document("a", "A river."))
    await library.drop()
    assert (await library.embed()).chunks == 0


async def test_no_vector_outlives_its_collection(database_url: str, library: Library) -> None:
    """The collection is deleted and purged while a worker waits for its vectors."""
    held = HeldEmbedder(library.embedder)
    await library.upsert(a_document("a", "A river."), a_document("b", "Stars."))
    async with pool(database_url) as connections:
        run = asyncio.create_task(Library(connections, held).embed(held))
        await held.asked.wait()
        await library.drop()
        held.may_answer.set()
        await asyncio.gather(run, library.maintain())
    assert (await library.maintain()).complete
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(0,)]
    assert execute(database_url, "SELECT count(*) FROM concord.collection") == [(0,)]


async def test_a_message_without_time_comes_again(library: Library) -> None:
    await library.upsert(a_document("a", "A river."))
    with pytest.raises(Unavailable):
        await library.worker(seconds=-1).embed_requested(library.queue.requests[0])


async def test_a_turn_is_lost_when_the_name_has_gone_to_another(database_url: str, library: Library) -> None:
    """While one waits to write, the collection is renamed and its name is given to a new one."""
    async with pool(database_url) as connections:
        other = Library(connections, library.embedder)
        await _check_rename(connections, library, other)


async def _check_rename(connections: PooledConnections, library: Library, other: Library) -> None:
    async def wait_for_turn() -> None:
        async with connections.unit_of_work(ADMIN) as unit:
            await lock_collection(unit, "library")

    async with library.database.unit_of_work(ADMIN) as unit:
        found = await lock_collection(unit, "library")
        # In a context of its own, as another request would be.
        waiting = asyncio.create_task(wait_for_turn(), context=contextvars.Context())
        await asyncio.sleep(0.2)
        # Within the turn itself, as renaming would have to wait for it.
        await rename_collection(unit, "library", "archive")
        assert found.name == "library"
        await insert_collection(
            unit,
            "library",
            "english",
            "headings",
            [*DEFAULT_TEMPLATE],
            EmbeddingSpace("all-MiniLM-L6-v2", 384),
        )
    with pytest.raises(CollectionNotFound):
        await waiting
    await update_collection(library.database, NullCache(), ADMIN, "archive", CollectionChange(name="attic"))
    assert (await other.count()).documents == 0
