"""Embedding that does not succeed: what is tried again, what is given up, and what is said of it."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.config import EmbeddingSettings
from shared.embeddings.protocol import Purpose, Vector
from shared.errors import EmbedderRejected, EmbedderUnavailable, EmbeddingSpaceMismatch
from tests.builders.documents import a_document
from tests.builders.embedders import FailingEmbedder, HeldEmbedder, RecordingEmbedder
from tests.builders.embedding_state import Job, assert_vectors_are_right, execute, jobs, sections
from tests.builders.library import Library

CATS = "Cats are small carnivorous mammals that purr."
STARS = "Stars are luminous spheres of plasma held together by gravity."


class SlowEmbedder(RecordingEmbedder):
    """An embedder that takes longer than its worker has."""

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        await asyncio.sleep(0.2)
        return await super().embed(texts, purpose=purpose)


async def test_an_unavailable_embedder_is_tried_again(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS))
    down = FailingEmbedder(library.embedder, lambda _: EmbedderUnavailable("It is out of order."))
    with pytest.raises(EmbedderUnavailable):
        await library.embed(down)
    assert jobs(database_url) == {"a": Job("pending", 0, is_claimed=False, error="It is out of order.")}
    shown = await library.get("a")
    assert (shown.embedding_state, shown.embedding_error) == ("pending", "It is out of order.")
    await library.embed()
    shown = await library.get("a")
    assert (shown.embedding_state, shown.embedding_error) == ("ready", None)


async def test_a_refused_text_fails_its_document_alone(library: Library, database_url: str) -> None:
    def poisoned(texts: Sequence[str]) -> EmbedderRejected | None:
        return EmbedderRejected("It is poison.") if any("poison" in text for text in texts) else None

    await library.upsert(*(a_document(name, f"{name} text") for name in ("good", "poison", "better")))
    report = await library.embed(FailingEmbedder(library.embedder, poisoned))
    assert (report.ready, report.failed) == (2, 1)
    assert jobs(database_url) == {"poison": Job("failed", 1, is_claimed=False, error="It is poison.")}
    counted = await library.count()
    assert (counted.pending, counted.failed) == (0, 1)
    # A failed document is still found by its words, and a new text is a new chance.
    assert await library.find("poison", mode="keyword") == ["poison"]
    await library.change("poison", body="antidote")
    await library.embed()
    assert (await library.get("poison")).embedding_state == "ready"


async def test_the_rest_of_a_batch_is_given_back_when_the_embedder_goes_away(
    library: Library, database_url: str
) -> None:
    def failing(texts: Sequence[str]) -> EmbedderRejected | EmbedderUnavailable | None:
        if len(texts) > 1:
            return EmbedderRejected("Some of it is poison.")
        return EmbedderUnavailable("It went away.") if "second" in texts[0] else None

    await library.upsert(
        *(a_document(name, f"{name} text") for name in ("first", "second", "third", "fourth"))
    )
    with pytest.raises(EmbedderUnavailable):
        await library.embed(FailingEmbedder(library.embedder, failing))
    left = jobs(database_url)
    assert {name: (job.state, job.is_claimed) for name, job in left.items()} == {
        "second": ("pending", False),
        "third": ("pending", False),
        "fourth": ("pending", False),
    }
    await library.embed()
    assert jobs(database_url) == {}


async def test_a_document_that_takes_its_workers_down_is_given_up(
    library: Library, database_url: str
) -> None:
    await library.upsert(a_document("a", CATS), a_document("b", STARS))
    execute(
        database_url,
        "UPDATE concord.embedding_job SET attempts = 5, claimed_until = now() - interval '1 second'"
        " WHERE document_number = 1",
    )
    recording = RecordingEmbedder(library.embedder)
    report = await library.embed(recording)
    assert (report.ready, report.failed, recording.texts) == (1, 1, [STARS])
    reason = "Embedding did not finish, attempt after attempt."
    assert jobs(database_url) == {"a": Job("failed", 5, is_claimed=False, error=reason)}
    assert (await library.get("a")).embedding_error == reason


async def test_a_collection_of_another_model(library: Library) -> None:
    other = Library(library.database, library.embedder, "other")
    await other.create(settings=EmbeddingSettings(embedding_model="other", embedding_dimensions=8))
    await other.upsert(a_document("a", CATS))
    await library.upsert(a_document("b", CATS))
    report = await library.embed()
    assert (report.ready, report.failed) == (1, 1)
    assert (await other.get("a")).embedding_error == (
        "The collection's vectors are made by other (8 dimensions); all-MiniLM-L6-v2 (384) is configured."
    )
    found = await other.search("cats")
    assert ([hit.document.id for hit in found.hits], found.degraded) == (["a"], ["semantic"])
    with pytest.raises(EmbeddingSpaceMismatch):
        await other.search("cats", mode="semantic")


async def test_a_run_that_is_out_of_time_gives_back_what_it_holds(
    library: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.embed_chunks.CHUNKS_PER_STEP", 2)
    await library.upsert(a_document("a", "\n\n".join(sections(5))))
    runs = 0
    while True:
        runs += 1
        worker = library.worker(SlowEmbedder(library.embedder), seconds=0.1)
        await worker.embed_due()
        if worker.report.ready:
            break
        # Time was short; that is no failure of the document.
        assert jobs(database_url)["a"] == Job("pending", 0, is_claimed=False, error=None)
        assert worker.report.chunks == 2
    assert runs >= 3
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_worker_that_is_stopped_gives_back_what_it_holds(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS), a_document("b", STARS))
    held = HeldEmbedder(library.embedder)
    run = asyncio.create_task(library.worker(held).embed_due())
    await held.asked.wait()
    assert all(job.is_claimed for job in jobs(database_url).values())
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    waiting = Job("pending", 0, is_claimed=False, error=None)
    assert jobs(database_url) == {"a": waiting, "b": waiting}
    assert (await library.embed()).ready == 2
