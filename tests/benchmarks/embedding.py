"""Embed workers in processes of their own beside the raw embedder, on the very texts that they embed.

The raw embedder runs before and after the workers, as other work on the machine comes and goes. The share of
their time that workers spend within the embedder depends less on that.

uv run python -m tests.benchmarks.embedding [--json] [--data DIR] [--chunks N] [--workers N …]
"""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, NamedTuple

from shared.cache.null import NullCache
from shared.chunking.markdown import chunk_body
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.documents import DocumentInput
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from shared.domain.principals import WORKER
from shared.embeddings.local import LocalEmbedder
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder, Purpose, Vector
from shared.services.embed_chunks import CHUNKS_PER_STEP, EmbedRun
from tests.benchmarks.ingest import BATCH, Documents
from tests.benchmarks.judged_data import read_collection
from tests.benchmarks.report import Report, arguments
from tests.builders.library import Library, settings_of
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres, temporary_database

WORKERS = (1, 10)


class TimedEmbedder(LocalEmbedder):
    """Knows how many seconds it has been at work."""

    seconds = 0.0

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        started = time.perf_counter()
        try:
            return await super().embed(texts, purpose=purpose)
        finally:
            self.seconds += time.perf_counter() - started


class Work(NamedTuple):
    """What one worker did: chunks, the seconds within the embedder, and when it began and ended."""

    chunks: int
    embedding: float
    started: float
    ended: float


def local_embedder() -> TimedEmbedder:
    return TimedEmbedder(ensure_model_files())


async def raw_speed(embedder: Embedder, texts: Sequence[str]) -> float:
    """Chunks per second of the embedder alone."""
    await embedder.embed(["warm up"])
    started = time.perf_counter()
    for start in range(0, len(texts), CHUNKS_PER_STEP):
        await embedder.embed(texts[start : start + CHUNKS_PER_STEP])
    return len(texts) / (time.perf_counter() - started)


async def store(url: str, embedder: Embedder, documents: Documents) -> None:
    database = open_connection(settings_of(url))
    library = Library(database, embedder)
    await library.create()
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        await library.upsert(*(DocumentInput(id=name, title=title, body=text) for name, title, text in batch))
    await database.aclose()


async def work(url: str, ready: Barrier) -> Work:
    embedder = local_embedder()
    await embedder.embed(["warm up"])
    database = open_connection(settings_of(url))
    await asyncio.to_thread(ready.wait)
    embedder.seconds = 0.0
    started = time.time()
    run = EmbedRun(database, embedder, NullCache(), WORKER, deadline=time.monotonic() + 3600)
    await run.embed_due()
    ended = time.time()
    await database.aclose()
    return Work(run.report.chunks, embedder.seconds, started, ended)


def work_apart(url: str, ready: Barrier, results: Any) -> None:
    results.put(asyncio.run(work(url, ready)))


def run_workers(url: str, count: int) -> list[Work]:
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(count), context.Queue()
    processes = [context.Process(target=work_apart, args=(url, ready, results)) for _ in range(count)]
    for process in processes:
        process.start()
    done: list[Work] = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return done


def texts_of(documents: Documents) -> list[str]:
    """What is embedded of the documents."""
    return [
        embedded_chunk(DEFAULT_TEMPLATE, title, chunk, text, {})
        for _, title, text in documents
        for chunk in chunk_body(text)
    ]


def documents_with(chunks: int, documents: Documents) -> Documents:
    """As many of the documents as have so many chunks, or all; one at least."""
    count = 0
    for place, (_, _, text) in enumerate(documents, 1):
        count += len(chunk_body(text))
        if count >= chunks:
            return documents[:place]
    return documents


def compare(server: str, documents: Documents, workers: Sequence[int], report: Report) -> None:
    embedder = local_embedder()
    texts = texts_of(documents)
    for count in workers:
        with temporary_database(server) as url:
            asyncio.run(apply_migrations(url))
            asyncio.run(store(url, embedder, documents))
            before = asyncio.run(raw_speed(embedder, texts))
            done = run_workers(url, count)
            after = asyncio.run(raw_speed(embedder, texts))
        raw = 2 / (1 / before + 1 / after)
        # One that is embedded twice counts twice.
        chunks = sum(work.chunks for work in done)
        seconds = max(work.ended for work in done) - min(work.started for work in done)
        present = sum(work.ended - work.started for work in done)
        report.rows.append(
            {
                "workers": count,
                "chunks": len(texts),
                "raw_before_per_s": round(before, 1),
                "raw_after_per_s": round(after, 1),
                "workers_per_s": round(chunks / seconds, 1),
                "embedded_twice": chunks - len(texts),
                "share_within_embedder": round(sum(work.embedding for work in done) / present, 3),
            }
        )
        report.ratios[f"{count}_workers_vs_raw_embedder"] = round(chunks / seconds / raw, 3)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--chunks", type=int, default=2_000)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    options = parser.parse_args()
    documents = documents_with(options.chunks, read_collection(options.data / "scifact").documents)
    report = Report("Embed workers")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        compare(url, documents, options.workers, report)
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
