"""Workers that meet writers and other workers."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import pytest

from shared.database.pool import PooledConnections
from shared.database.units_of_work import UnitOfWork
from shared.domain.principals import WORKER
from shared.embeddings.protocol import Embedder
from shared.repositories import embedding_jobs
from tests.builders.claims import pool
from tests.builders.documents import a_document
from tests.builders.embedders import HeldEmbedder, RecordingEmbedder
from tests.builders.embedding_state import Job, assert_vectors_are_right, execute, jobs, sections
from tests.builders.library import Library, settings_of

CATS = "Cats are small carnivorous mammals that purr."
STARS = "Stars are luminous spheres of plasma held together by gravity."


async def held_while(library: Library, meanwhile: Callable[[], Awaitable[None]]) -> HeldEmbedder:
    """A worker claims and embeds what is due; before its vectors come, `meanwhile` is done."""
    held = HeldEmbedder(library.embedder)
    worker = library.worker(held, seconds=60)
    run = asyncio.create_task(worker.embed_due())
    await held.asked.wait()
    await meanwhile()
    held.may_answer.set()
    await run
    return held


@pytest.mark.parametrize("writer", ["upsert", "change"])
async def test_a_document_that_changes_while_it_is_embedded(
    library: Library, database_url: str, writer: str
) -> None:
    parts = sections(3)
    await library.upsert(a_document("a", "\n\n".join(parts)))
    new_body = "\n\n".join([parts[0], STARS, parts[2]])
    new_states = []

    async def meanwhile() -> None:
        if writer == "upsert":
            await library.upsert(a_document("a", new_body))
        else:
            await library.change("a", body=new_body)
        new_states.append(jobs(database_url)["a"])

    held = await held_while(library, meanwhile)
    assert new_states == [Job("pending", 0, is_claimed=False, error=None)]
    # The same run then takes the document with its new text.
    assert any(STARS in text for text in held.texts)
    assert (await library.get("a")).embedding_state == "ready"
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_worker_of_the_old_text_leaves_the_new_one_pending(
    library: Library, database_url: str
) -> None:
    await library.upsert(a_document("a", CATS))
    held = HeldEmbedder(library.embedder)
    worker = library.worker(held, seconds=0.5)
    run = asyncio.create_task(worker.embed_due())
    await held.asked.wait()
    await library.change("a", body=STARS)
    await asyncio.sleep(0.5)
    held.may_answer.set()
    await run
    assert (await library.get("a")).embedding_state == "pending"
    assert jobs(database_url)["a"] == Job("pending", 0, is_claimed=False, error=None)
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(0,)]
    assert await library.find("feline pets", mode="semantic") == []
    await library.embed()
    await assert_vectors_are_right(database_url, library.embedder)


@pytest.mark.parametrize("what", ["document", "collection", "purged collection", "document, made again"])
async def test_what_is_deleted_while_it_is_embedded(library: Library, database_url: str, what: str) -> None:
    await library.upsert(a_document("a", CATS))

    async def meanwhile() -> None:
        if "document" in what:
            await library.delete("a")
        else:
            await library.drop()
        if "purged" in what:
            await library.maintain()
        if "again" in what:
            await library.upsert(a_document("a", STARS))

    await held_while(library, meanwhile)
    if "again" in what:
        await assert_vectors_are_right(database_url, library.embedder)
    else:
        await library.maintain()
        assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(0,)]
        assert execute(database_url, "SELECT count(*) FROM concord.embedding_job") == [(0,)]


async def test_two_workers_share_the_work(database_url: str, embedder: Embedder) -> None:
    database = PooledConnections(settings_of(database_url))
    library = Library(database, embedder)
    await library.create()
    await library.upsert(*(a_document(f"d{number}", f"Text {number}.") for number in range(150)))
    recordings = [RecordingEmbedder(embedder), RecordingEmbedder(embedder)]
    reports = await asyncio.gather(*(library.embed(recording) for recording in recordings))
    assert all(recording.texts for recording in recordings)
    texts = [text for recording in recordings for text in recording.texts]
    assert sorted(texts) == sorted(f"Text {number}." for number in range(150))
    assert sum(report.ready for report in reports) == 150
    await assert_vectors_are_right(database_url, embedder)
    await database.aclose()


async def test_claims_made_at_the_same_time_do_not_overlap(database_url: str, embedder: Embedder) -> None:
    async with pool(database_url) as database:
        library = Library(database, embedder)
        await library.create()
        await library.upsert(*(a_document(f"d{number}", "Text.") for number in range(5)))

        async def claim(unit: UnitOfWork) -> set[int]:
            claims = await embedding_jobs.claim(
                unit,
                collection_id=None,
                document_numbers=None,
                waited_for="",
                retried=False,
                limit=3,
                lease_seconds=60,
                max_attempts=5,
            )
            return {claim.document_number for claim in claims}

        async def claim_elsewhere() -> set[int]:
            async with asyncio.timeout(5), database.unit_of_work(WORKER) as unit:
                return await claim(unit)

        async with database.unit_of_work(WORKER) as unit:
            first = await claim(unit)
            # A task of its own context, as another worker's is; it neither waits nor takes the same.
            other = asyncio.create_task(claim_elsewhere(), context=contextvars.Context())
            second = await other
    assert (len(first), len(second)) == (3, 2)
    assert not first & second


async def test_a_lease_holds_until_it_ends(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS))
    execute(
        database_url,
        "UPDATE concord.embedding_job SET attempts = 1, claimed_until = now() + interval '1 hour'",
    )
    assert (await library.embed()).ready == 0
    execute(database_url, "UPDATE concord.embedding_job SET claimed_until = now() - interval '1 second'")
    assert (await library.embed()).ready == 1
