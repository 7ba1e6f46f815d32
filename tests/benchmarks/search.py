"""Search over SciFact through the ASGI application, beside what a user would write by hand on the same
server and vectors: `ts_rank` over a GIN-indexed tsvector and pgvector's HNSW, fused by reciprocal ranks.

    uv run python -m tests.benchmarks.search [--json] [--data DIR] [--documents N]
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg

from shared.cache.null import NullCache
from shared.cli.metrics import ndcg
from shared.domain.principals import WORKER
from shared.repositories.embedding_jobs import vector_text
from shared.services.embed_chunks import EmbedRun
from tests.benchmarks.judged_data import JudgedCollection, read_collection
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.application import RunningConcord, running_concord
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

type Search = Callable[[str], Awaitable[list[str]]]

HAND_WRITTEN = """
WITH words AS (
    SELECT id, row_number() OVER (ORDER BY ts_rank(words, query) DESC) AS place
    FROM by_hand, to_tsquery('english', %(any_word)s) query
    WHERE words @@ query ORDER BY ts_rank(words, query) DESC LIMIT 100
), meaning AS (
    SELECT id, row_number() OVER () AS place
    FROM (SELECT id FROM by_hand ORDER BY vector <#> %(vector)s::halfvec LIMIT 100) nearest
)
SELECT id, sum(1.0 / (60 + place)) AS score
FROM (SELECT * FROM words UNION ALL SELECT * FROM meaning) both_lists
GROUP BY id ORDER BY score DESC LIMIT 10
"""


async def fill(concord: RunningConcord, collection: JudgedCollection) -> None:
    await concord.client.post("/v1/collections", json={"name": "bench"})
    for start in range(0, len(collection.documents), 500):
        batch = collection.documents[start : start + 500]
        documents = [{"id": name, "title": title, "body": text} for name, title, text in batch]
        answer = await concord.client.post("/v1/collections/bench/documents", json={"documents": documents})
        answer.raise_for_status()
    run = EmbedRun(concord.database, concord.embedder, NullCache(), WORKER, deadline=time.monotonic() + 3600)
    await run.embed_due()


def fill_by_hand(url: str) -> None:
    """The same texts, and of each document the vector of its first chunk."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            CREATE TABLE by_hand AS
            SELECT DISTINCT ON (d.number) d.id, e.vector::halfvec(384) AS vector,
                   to_tsvector('english', coalesce(d.title, '') || ' ' || d.body) AS words
            FROM concord.document d
            JOIN concord.chunk c ON c.collection_id = d.collection_id AND c.document_number = d.number
            JOIN concord.embedding e ON e.collection_id = d.collection_id AND e.chunk_id = c.id
            ORDER BY d.number, c.ordinal
            """
        )
        connection.execute("CREATE INDEX ON by_hand USING gin (words)")
        connection.execute("CREATE INDEX ON by_hand USING hnsw (vector halfvec_ip_ops)")
        connection.execute("VACUUM ANALYZE")


def concord_search(concord: RunningConcord, mode: str) -> Search:
    async def search(query: str) -> list[str]:
        answer = await concord.client.post("/v1/collections/bench/search", json={"q": query, "mode": mode})
        answer.raise_for_status()
        return [hit["document"]["id"] for hit in answer.json()["hits"]]

    return search


def search_by_hand(concord: RunningConcord, connection: psycopg.AsyncConnection[Any]) -> Search:
    async def search(query: str) -> list[str]:
        (vector,) = await concord.embedder.embed([query])
        words = " | ".join(word for word in query.split() if word.isalnum())
        parameters = {"any_word": words, "vector": vector_text(vector)}
        cursor = await connection.execute(HAND_WRITTEN, parameters)
        return [row[0] for row in await cursor.fetchall()]

    return search


async def measure(sides: dict[str, Search], collection: JudgedCollection, report: Report) -> None:
    """Every query through every side, in turn; the first twenty queries once more, to warm up."""
    warm_up = list(collection.queries.values())[:20]
    for query in warm_up:
        for search in sides.values():
            await search(query)
    times: dict[str, list[float]] = {side: [] for side in sides}
    quality: dict[str, list[float]] = {side: [] for side in sides}
    for name, query in collection.queries.items():
        for side, search in sides.items():
            started = time.perf_counter()
            found = await search(query)
            times[side].append((time.perf_counter() - started) * 1000)
            quality[side].append(ndcg(found, collection.grades[name], 10))
    for side in sides:
        report.rows.append(
            {
                "side": side,
                "ndcg@10": round(statistics.mean(quality[side]), 4),
                "p50_ms": round(percentile(times[side], 0.5), 2),
                "p95_ms": round(percentile(times[side], 0.95), 2),
            }
        )


async def compare(url: str, collection: JudgedCollection, report: Report) -> None:
    async with running_concord(url) as concord:
        await fill(concord, collection)
        await asyncio.to_thread(fill_by_hand, url)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            sides = {
                "by hand: ts_rank + HNSW, RRF": search_by_hand(concord, connection),
                "concord keyword": concord_search(concord, "keyword"),
                "concord semantic": concord_search(concord, "semantic"),
                "concord hybrid": concord_search(concord, "hybrid"),
            }
            await measure(sides, collection, report)
    by_hand, hybrid = report.rows[0], report.rows[-1]
    report.ratios["hybrid_p50_vs_by_hand"] = round(hybrid["p50_ms"] / by_hand["p50_ms"], 3)
    report.ratios["hybrid_p95_vs_by_hand"] = round(hybrid["p95_ms"] / by_hand["p95_ms"], 3)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, help="only the first N documents")
    options = parser.parse_args()
    collection = read_collection(options.data / "scifact")
    del collection.documents[options.documents or len(collection.documents) :]
    report = Report(f"Search over {collection.name}, {len(collection.documents)} documents")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        asyncio.run(compare(url, collection, report))
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
