"""What workers embed of documents: counted for who wrote them, and ended for the day, with none lost."""

import time

import pytest

from shared.chunking.token_estimate import estimate_tokens
from shared.database.connections import SingleConnection
from shared.domain.principals import ADMIN, WORKER
from shared.embeddings.model_change import ChangingEmbedder
from shared.repositories import embedding_jobs
from shared.services.backfill_embeddings import BackfillRun
from shared.services.document_budget import WAITS_FOR_BUDGET
from tests.builders.changing_library import ChangingLibrary
from tests.builders.documents import a_document
from tests.builders.embedders import RecordingEmbedder
from tests.builders.embedding_state import execute, jobs, sections
from tests.builders.library import Library

CATS = "Cats are small carnivorous mammals that purr."
STARS = "Stars are luminous spheres of plasma held together by gravity."
TEN_TOKENS_MORE = """
    INSERT INTO concord.usage (day, principal, document_tokens)
    VALUES ((now() AT TIME ZONE 'UTC')::date, 'somebody else', 10)
"""


def counted(database_url: str) -> dict[str, int]:
    rows = execute(database_url, "SELECT principal, document_tokens FROM concord.usage")
    return {str(principal): int(str(tokens)) for principal, tokens in rows}


def a_day_later(database_url: str) -> None:
    execute(database_url, "UPDATE concord.usage SET day = day - 1")


async def test_tokens_are_counted_for_whom_wrote_the_document(library: Library, database_url: str) -> None:
    await library.upsert(a_document("cats", CATS), a_document("stars", STARS))
    execute(database_url, "UPDATE concord.embedding_job SET principal = NULL WHERE document_number = 2")
    recording = RecordingEmbedder(library.embedder)
    await library.embed(recording)
    cats, stars = sorted(recording.texts)
    assert counted(database_url) == {ADMIN.name: estimate_tokens(cats), WORKER.name: estimate_tokens(stars)}
    # The same again embeds nothing, and a change what it has changed.
    await library.upsert(a_document("cats", CATS))
    await library.embed()
    assert counted(database_url)[ADMIN.name] == estimate_tokens(cats)
    await library.upsert(a_document("cats", STARS))
    await library.embed()
    assert counted(database_url)[ADMIN.name] == estimate_tokens(cats) + estimate_tokens(stars)


async def test_documents_beyond_the_budget_wait_for_the_next_day(
    library: Library, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await library.upsert(a_document("cats", CATS))
    await library.worker(tokens_per_day=1).embed_due()
    assert (await library.get("cats")).embedding_state == "ready"
    await library.upsert(a_document("stars", STARS), a_document("moons", "Moons go round."))
    await library.upsert(a_document("suns", "Suns are stars."))
    recording = RecordingEmbedder(library.embedder)
    worker = library.worker(recording, tokens_per_day=1)
    # Their message is done with: the jobs stay.
    await worker.embed_requested(library.queue.requests[1])
    stars, suns = await library.get("stars"), await library.get("suns")
    assert (stars.embedding_state, stars.embedding_error) == ("pending", WAITS_FOR_BUDGET)
    assert (suns.embedding_state, suns.embedding_error) == ("pending", None)
    assert caplog.text.count("embedding_waits") == 1
    for _ in range(2):
        await worker.embed_due()
    assert (await library.get("suns")).embedding_error == WAITS_FOR_BUDGET
    assert caplog.text.count("embedding_waits") == 2
    assert recording.texts == []
    assert await library.find("luminous", mode="keyword") == ["stars"]
    a_day_later(database_url)
    await library.worker(recording).embed_due()
    assert len(recording.texts) == 3
    assert jobs(database_url) == {}
    assert (await library.get("stars")).embedding_error is None


async def test_a_claim_takes_the_reason_away(library: Library, database_url: str) -> None:
    await library.upsert(a_document("cats", CATS))
    await library.worker(tokens_per_day=1).embed_due()
    await library.upsert(a_document("stars", STARS))
    await library.worker(tokens_per_day=1).embed_due()
    assert jobs(database_url)["stars"].error == WAITS_FOR_BUDGET
    async with library.database.unit_of_work(WORKER) as unit:
        (claim,) = await embedding_jobs.claim(
            unit,
            collection_id=None,
            document_numbers=None,
            retried=False,
            limit=2,
            lease_seconds=60,
            max_attempts=5,
            waited_for=WAITS_FOR_BUDGET,
        )
    assert claim.error is None


async def test_a_raised_budget_counts_at_once(library: Library, database_url: str) -> None:
    await library.upsert(a_document("cats", CATS))
    execute(database_url, TEN_TOKENS_MORE)
    await library.worker(tokens_per_day=10).embed_due()
    assert list(jobs(database_url)) == ["cats"]
    await library.worker(tokens_per_day=11).embed_due()
    assert jobs(database_url) == {}


async def test_a_long_document_ends_at_the_step_that_reaches_the_budget(
    library: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.embed_chunks.CHUNKS_PER_STEP", 2)
    await library.upsert(a_document("long", "\n\n".join(sections(6))))
    recording = RecordingEmbedder(library.embedder)
    worker = library.worker(recording, tokens_per_day=1)
    await worker.embed_due()
    assert (worker.report.chunks, worker.report.ready) == (2, 0)
    assert (await library.get("long")).embedding_error == WAITS_FOR_BUDGET
    a_day_later(database_url)
    await library.worker(recording).embed_due()
    # What was stored is not embedded again.
    assert len(recording.texts) == len(set(recording.texts)) >= 6
    assert jobs(database_url) == {}


async def test_a_change_of_the_model_is_counted_and_waits_too(
    database: SingleConnection,
    changing_embedder: ChangingEmbedder,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.services.backfill_embeddings.CHUNKS_PER_STEP", 1)
    changing = ChangingLibrary(database, changing_embedder)
    await changing.create()
    await changing.upsert(*(a_document(name, f"A {name} in spring.") for name in ("river", "hill", "oak")))
    await changing.embed()
    await changing.start()

    async def backfill(tokens_per_day: int | None) -> int:
        first = changing.worker(tokens_per_day=tokens_per_day)
        run = BackfillRun(changing.database, changing.embedder, WORKER, first, deadline=time.monotonic() + 60)
        await run.backfill_due()
        return run.chunks

    execute(database_url, "DELETE FROM concord.usage")
    assert await backfill(1) == 1
    assert set(counted(database_url)) == {WORKER.name}
    assert await backfill(1) == 0
    a_day_later(database_url)
    assert await backfill(None) == 2
    assert (await changing.status()).waiting == 0
