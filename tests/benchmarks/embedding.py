"""Embed workers in processes of their own beside the raw embedder, on the very texts that they embed.

The raw embedder runs before and after the workers, as other work on the machine comes and goes.

uv run python -m tests.benchmarks.embedding [--json] [--data DIR] [--chunks N] [--workers N …]
"""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from shared.cache.null import NullCache
from shared.chunking.markdown import chunk_body
from shared.config import EmbeddingSettings
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.documents import DocumentInput
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from shared.domain.principals import WORKER
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from shared.services.embed_chunks import CHUNKS_PER_STEP, EmbedRun
from tests.benchmarks.ingest import BATCH, Documents
from tests.benchmarks.judged_data import read_collection
from tests.benchmarks.report import Report, arguments
from tests.builders.library import Library, settings_of
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres, temporary_database

WORKERS = (1, 10)


def local_embedder() -> Embedder:
    return open_embedder(EmbeddingSettings(embedding_model_dir=ensure_model_files()))


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


async def work(url: str, ready: Barrier) -> tuple[int, float, float]:
    """Chunks that one worker embedded, and when it began and ended."""
    embedder = local_embedder()
    await embedder.embed(["warm up"])
    database = open_connection(settings_of(url))
    await asyncio.to_thread(ready.wait)
    started = time.time()
    run = EmbedRun(database, embedder, NullCache(), WORKER, deadline=time.monotonic() + 3600)
    await run.embed_due()
    ended = time.time()
    await database.aclose()
    return run.report.chunks, started, ended


def work_apart(url: str, ready: Barrier, results: Any) -> None:
    results.put(asyncio.run(work(url, ready)))


def run_workers(url: str, count: int) -> tuple[int, float]:
    """Chunks that all workers embedded, one embedded twice counting twice, and the seconds it took."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(count), context.Queue()
    processes = [context.Process(target=work_apart, args=(url, ready, results)) for _ in range(count)]
    for process in processes:
        process.start()
    done = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(chunks for chunks, _, _ in done), max(e for _, _, e in done) - min(s for _, s, _ in done)


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
            chunks, seconds = run_workers(url, count)
            after = asyncio.run(raw_speed(embedder, texts))
        raw = 2 / (1 / before + 1 / after)
        report.rows.append(
            {
                "workers": count,
                "chunks": len(texts),
                "raw_before_per_s": round(before, 1),
                "raw_after_per_s": round(after, 1),
                "workers_per_s": round(chunks / seconds, 1),
                "embedded_twice": chunks - len(texts),
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
