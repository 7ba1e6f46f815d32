"""From a stored text to its vectors, and no more of them than needed."""

import random
import time
from typing import Any

import pytest

from shared.domain.document_writes import WriteStatus
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.search import SearchResponse
from shared.errors import (
    EmbedderUnavailable,
)
from tests.builders.documents import a_document, prose
from tests.builders.embedders import FailingEmbedder, RecordingEmbedder
from tests.builders.embedding_state import assert_vectors_are_right, execute, jobs, sections
from tests.builders.library import Library

CATS = "Cats are small carnivorous mammals that purr."
STARS = "Stars are luminous spheres of plasma held together by gravity."


async def by_meaning(library: Library, q: str, **fields: Any) -> SearchResponse:
    return await library.search(q, mode="semantic", **fields)


async def test_a_document_becomes_ready_and_is_found_by_meaning(library: Library, database_url: str) -> None:
    await library.upsert(a_document("cats", CATS), a_document("stars", STARS), a_document("empty", ""))
    states = [(await library.get(name)).embedding_state for name in ("cats", "stars", "empty")]
    assert states == ["pending", "pending", "ready"]
    assert (await by_meaning(library, "feline pets")).hits == []
    (request,) = library.queue.requests
    worker = library.worker()
    await worker.embed_requested(request)
    assert (worker.report.ready, worker.report.failed, worker.report.chunks) == (2, 0, 2)
    counted = await library.count()
    assert (counted.pending, counted.failed) == (0, 0)
    assert (await library.get("cats")).embedding_state == "ready"
    found = await by_meaning(library, "feline pets")
    assert found.hits[0].document.id == "cats"
    assert found.hits[0].score > 0.3
    assert all(hit.score < 0.15 for hit in found.hits[1:])
    await assert_vectors_are_right(database_url, library.embedder)
    assert jobs(database_url) == {}


async def test_a_request_embeds_what_it_names_and_no_more(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS))
    await library.upsert(a_document("b", STARS))
    await library.worker().embed_requested(library.queue.requests[1])
    assert list(jobs(database_url)) == ["a"]
    # A message that comes again, or late, finds nothing left to do.
    recording = RecordingEmbedder(library.embedder)
    await library.worker(recording).embed_requested(library.queue.requests[1])
    await library.worker(recording).embed_requested(EmbedRequest(999, (1, 2)))
    assert recording.texts == []


async def test_an_unchanged_document_costs_nothing(library: Library) -> None:
    document = a_document("a", CATS, title="Cats", metadata={"n": 1})
    await library.upsert(document)
    await library.embed()
    sent = len(library.queue.requests)
    assert await library.upsert(document) == {"a": WriteStatus.UNCHANGED}
    recording = RecordingEmbedder(library.embedder)
    report = await library.embed(recording)
    assert (recording.texts, report.ready, len(library.queue.requests)) == ([], 0, sent)
    assert (await library.get("a")).embedding_state == "ready"


async def test_one_edited_paragraph_embeds_one_chunk(library: Library, database_url: str) -> None:
    parts = sections(6)
    await library.upsert(a_document("a", "\n\n".join(parts), title="Guide"))
    first = await library.embed()
    assert first.chunks >= 6
    edited = [*parts[:2], parts[2].replace(". ", " quickly. ", 1), *parts[3:]]
    await library.upsert(a_document("a", "\n\n".join(edited), title="Guide"))
    assert (await library.get("a")).embedding_state == "pending"
    recording = RecordingEmbedder(library.embedder)
    report = await library.embed(recording)
    assert (len(recording.texts), report.ready) == (1, 1)
    assert " quickly. " in recording.texts[0]
    await assert_vectors_are_right(database_url, library.embedder)


async def test_moved_paragraphs_keep_their_vectors(library: Library, database_url: str) -> None:
    parts = sections(4)
    await library.upsert(a_document("a", "\n\n".join(parts)))
    await library.embed()
    await library.upsert(a_document("a", "\n\n".join([parts[3], *parts[:3]])))
    recording = RecordingEmbedder(library.embedder)
    report = await library.embed(recording)
    assert (recording.texts, report.ready) == ([], 1)
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_change_of_metadata_alone_touches_no_text(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS, metadata={"n": 1}))
    await library.embed()
    numbers = "SELECT number, index_number FROM concord.document"
    before = execute(database_url, numbers)
    await library.change("a", metadata={"n": 2}, url="https://example.com/")
    await library.upsert(a_document("a", CATS, metadata={"n": 3}))
    assert execute(database_url, numbers) == before
    assert (await library.get("a")).embedding_state == "ready"
    recording = RecordingEmbedder(library.embedder)
    await library.embed(recording)
    assert recording.texts == []
    await assert_vectors_are_right(database_url, library.embedder)


async def test_old_vectors_never_answer_for_new_text(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", CATS))
    await library.embed()
    await library.change("a", body=STARS)
    assert (await by_meaning(library, "feline pets")).hits == []
    assert await library.find("feline pets cats") == []
    assert await library.find("plasma", mode="keyword") == ["a"]
    await library.embed()
    (hit,) = (await by_meaning(library, "astronomy")).hits
    assert hit.passages[0].text == STARS
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_new_title_is_embedded_with_every_chunk(library: Library, database_url: str) -> None:
    await library.upsert(a_document("a", "\n\n".join(sections(3)), title="Old"))
    chunks = (await library.embed()).chunks
    await library.change("a", title="New")
    recording = RecordingEmbedder(library.embedder)
    await library.embed(recording)
    assert len(recording.texts) == chunks
    assert all(text.startswith("New > ") for text in recording.texts)
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_kept_chunk_shows_its_new_headings(library: Library, database_url: str) -> None:
    paragraphs = [prose(random.Random(seed), 150) for seed in (1, 2)]
    paragraphs = [paragraph.replace("\n\n", " ") for paragraph in paragraphs]
    await library.upsert(a_document("a", f"# Guide\n\n{paragraphs[0]}\n\n{paragraphs[1]} Zanzibar."))
    await library.embed()
    (hit,) = (await library.search("zanzibar", mode="keyword")).hits
    assert hit.passages[0].heading == "Guide"
    start = hit.passages[0].start
    # The same context in other words: what was a heading is the title now.
    body = f"# Guide\n\n{paragraphs[0]}\n\n{paragraphs[1]} Zanzibar."[start:]
    await library.upsert(a_document("a", body, title="Guide"))
    recording = RecordingEmbedder(library.embedder)
    await library.embed(recording)
    assert recording.texts == []
    (hit,) = (await library.search("zanzibar", mode="keyword")).hits
    assert hit.passages[0].heading is None
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_document_of_thousands_of_chunks_is_read_in_a_moment(library: Library) -> None:
    body = "\n\n".join(f"## Part {number}\n\n{'word ' * 100}" for number in range(3_500))
    await library.upsert(a_document("long", body))
    stop = FailingEmbedder(library.embedder, lambda _: EmbedderUnavailable("That far is enough."))
    started = time.monotonic()
    with pytest.raises(EmbedderUnavailable):
        await library.embed(stop)
    assert time.monotonic() - started < 5
