"""Ingest beside the raw embedder, and keyword-only ingest beside plain inserts with a GIN index.

uv run python -m tests.benchmarks.ingest [--json] [--data DIR] [--documents N] [--short N]
"""

import asyncio
import time
from pathlib import Path

import psycopg

from shared.cache.null import NullCache
from shared.chunking.markdown import chunk_body
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from shared.domain.principals import WORKER
from shared.services.embed_chunks import EmbedRun
from tests.benchmarks.judged_data import generated_collection, read_collection
from tests.benchmarks.report import Report, arguments
from tests.builders.application import RunningConcord, running_concord
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

type Documents = list[tuple[str, str, str]]

BATCH = 500
PART = 200


async def create(concord: RunningConcord, collection: str) -> None:
    created = await concord.client.post("/v1/collections", json={"name": collection})
    created.raise_for_status()


async def upsert(concord: RunningConcord, collection: str, documents: Documents) -> float:
    """Seconds to store the documents in batches of 500 over HTTP."""
    started = time.perf_counter()
    for start in range(0, len(documents), BATCH):
        batch = [
            {"id": name, "title": title, "body": text}
            for name, title, text in documents[start : start + BATCH]
        ]
        answer = await concord.client.post(
            f"/v1/collections/{collection}/documents", json={"documents": batch}
        )
        answer.raise_for_status()
    return time.perf_counter() - started


async def embed_all(concord: RunningConcord) -> int:
    """Embed what is pending; how many chunks that were."""
    run = EmbedRun(concord.database, concord.embedder, NullCache(), WORKER, deadline=time.monotonic() + 3600)
    await run.embed_due()
    return run.report.chunks


async def embed_raw(concord: RunningConcord, documents: Documents) -> float:
    """Seconds for the embedder alone, on the very texts that ingest embeds."""
    texts = [
        embedded_chunk(DEFAULT_TEMPLATE, title, chunk, text, {})
        for _, title, text in documents
        for chunk in chunk_body(text)
    ]
    started = time.perf_counter()
    for start in range(0, len(texts), 256):
        await concord.embedder.embed(texts[start : start + 256])
    return time.perf_counter() - started


def insert_by_hand(url: str, documents: Documents) -> float:
    """Seconds for plain inserts in batches of 500 into a table with a generated, GIN-indexed tsvector."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE by_hand (id text PRIMARY KEY, title text, body text, words tsvector"
            " GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || body)) STORED)"
        )
        connection.execute("CREATE INDEX ON by_hand USING gin (words)")
        started = time.perf_counter()
        for start in range(0, len(documents), BATCH):
            columns = [list(column) for column in zip(*documents[start : start + BATCH], strict=True)]
            connection.execute(
                "INSERT INTO by_hand SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])", columns
            )
        return time.perf_counter() - started


async def compare(url: str, long: Documents, short: Documents, report: Report) -> None:
    async with running_concord(url) as concord:
        await concord.embedder.embed(["warm up"])
        await create(concord, "long")
        raw, whole, chunks = 0.0, 0.0, 0
        # In turn, a part at a time, so that both sides meet the same moods of the machine.
        for start in range(0, len(long), PART):
            part = long[start : start + PART]
            raw += await embed_raw(concord, part)
            started = time.perf_counter()
            await upsert(concord, "long", part)
            chunks += await embed_all(concord)
            whole += time.perf_counter() - started
        by_hand = await asyncio.to_thread(insert_by_hand, url, short)
        await create(concord, "short")
        keyword = await upsert(concord, "short", short)
    report.rows += [
        {"what": "raw embedder", "chunks": chunks, "seconds": round(raw, 2), "per_s": round(chunks / raw, 1)},
        {
            "what": "ingest, embedded",
            "chunks": chunks,
            "seconds": round(whole, 2),
            "per_s": round(chunks / whole, 1),
        },
        {
            "what": "plain inserts + GIN",
            "documents": len(short),
            "seconds": round(by_hand, 2),
            "per_s": round(len(short) / by_hand),
        },
        {
            "what": "keyword-only ingest",
            "documents": len(short),
            "seconds": round(keyword, 2),
            "per_s": round(len(short) / keyword),
        },
    ]
    report.ratios["ingest_vs_raw_embedder"] = round(raw / whole, 3)
    report.ratios["keyword_ingest_vs_plain_inserts"] = round(by_hand / keyword, 3)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=400, help="documents to embed")
    parser.add_argument("--short", type=int, default=20_000, help="short documents for keyword-only ingest")
    options = parser.parse_args()
    long = read_collection(options.data / "scifact").documents[: options.documents]
    bulk = options.data / "wordnet_bulk"
    short = (read_collection(bulk) if bulk.exists() else generated_collection(options.short)).documents
    report = Report("Ingest")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        asyncio.run(compare(url, long, short[: options.short], report))
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
