"""What Concord costs on AWS, from milliseconds and bytes measured here and list prices, beside what costs the
same whether it is used or not. The formulas are in `tests.benchmarks.prices`.

    uv run python -m tests.benchmarks.cost [--json] [--data DIR] [--documents N]
"""

import asyncio
import json
import time
from pathlib import Path

import psycopg

from shared.cache.null import NullCache
from shared.domain.principals import WORKER
from shared.services.embed_chunks import EmbedRun
from tests.benchmarks import prices
from tests.benchmarks.judged_data import JudgedCollection, read_collection
from tests.benchmarks.prices import Measured
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.application import RunningConcord, running_concord
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres
from tests.builders.template import list_function_resources, resources_of_type

SIZES = {"small": 1e4, "medium": 1e6, "large": 1e7}
CHUNKS = [10.0**power for power in range(4, 10)]
# Everything, and of that what a search reads: postings, vectors, and the rows of chunks.
BYTES = """
SELECT sum(pg_total_relation_size(c.oid)) AS all_bytes,
       sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relname IN ('chunk', 'keyword_block')
           OR n.nspname = 'concord_embedding') AS hot_bytes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('concord', 'concord_embedding') AND c.relkind = 'r'
"""


async def measure(url: str, collection: JudgedCollection) -> Measured:
    async with running_concord(url) as concord:
        upsert_seconds = await upsert(concord, collection)
        started = time.perf_counter()
        run = EmbedRun(
            concord.database, concord.embedder, NullCache(), WORKER, deadline=time.monotonic() + 7200
        )
        await run.embed_due()
        # The embedder uses every core; a function of 1,769 MB has one.
        embed_core_seconds = (time.perf_counter() - started) * 2
        totals, database = await search(concord, collection)
        chunks = run.report.chunks
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(BYTES).fetchone()
    assert row is not None
    return Measured(
        search_ms=percentile(totals, 0.5),
        search_database_ms=percentile(database, 0.5),
        upsert_ms_per_document=upsert_seconds * 1000 / len(collection.documents),
        embed_ms_per_chunk=embed_core_seconds * 1000 / chunks,
        chunks_per_document=chunks / len(collection.documents),
        bytes_per_chunk=float(row[0]) / chunks,
        hot_bytes_per_chunk=float(row[1]) / chunks,
    )


async def upsert(concord: RunningConcord, collection: JudgedCollection) -> float:
    """Seconds to write all documents, by the hundred."""
    await concord.client.post("/v1/collections", json={"name": "bench"})
    started = time.perf_counter()
    for start in range(0, len(collection.documents), prices.DOCUMENTS_PER_UPSERT):
        part = collection.documents[start : start + prices.DOCUMENTS_PER_UPSERT]
        documents = [{"id": name, "title": title, "body": text} for name, title, text in part]
        answer = await concord.client.post("/v1/collections/bench/documents", json={"documents": documents})
        answer.raise_for_status()
    return time.perf_counter() - started


async def search(concord: RunningConcord, collection: JudgedCollection) -> tuple[list[float], list[float]]:
    """Milliseconds of each hybrid search, and of it without embedding the query: the database's, at most."""
    totals, database = [], []
    for query in list(collection.queries.values())[:100]:
        started = time.perf_counter()
        answer = await concord.client.post("/v1/collections/bench/search", json={"q": query})
        answer.raise_for_status()
        answered = time.perf_counter()
        await concord.embedder.embed([query])
        embedding = time.perf_counter() - answered
        totals.append((answered - started) * 1000)
        database.append((answered - started - embedding) * 1000)
    # The first ones warm everything up.
    return totals[10:], database[10:]


def report_on(measured: Measured, documents: int) -> Report:
    report = Report(f"From figures measured on {documents} documents, list prices, US dollars")
    memory = {function.folder: function.properties["MemorySize"] for function in list_function_resources()}
    alarms = json.dumps(resources_of_type("AWS::CloudWatch::Alarm")).count('"MetricName"')

    def add(what: str, figure: float, detail: str = "") -> None:
        report.rows.append({"what": what, "figure": round(figure, 2), "detail": detail})

    for name, figure in vars(measured).items():
        add(name, figure, "measured")
    add("a million searches", prices.search_dollars(measured, memory["documents_search"]), "dollars")
    written = prices.ingest_dollars(measured, memory["documents_upsert"], memory["chunks_embed"])
    add("a million documents written", written, "dollars")
    for size, count in SIZES.items():
        units = prices.capacity_for(measured, count * measured.chunks_per_document)
        stored = prices.storage_dollars(measured, count)
        for mode in ("scale-to-zero", "always-on", "proxy"):
            idle = prices.idle_dollars(mode, units, alarms)
            add(
                f"idle month, {mode}",
                idle + stored,
                f"{size}: {count:,.0f} documents, {stored:.2f} for storage",
            )
    for chunks in CHUNKS:
        units = prices.capacity_for(measured, chunks)
        sizes = [
            chunks * size / prices.GIB for size in (measured.bytes_per_chunk, measured.hot_bytes_per_chunk)
        ]
        detail = f"{sizes[0]:,.2f} GiB, {sizes[1]:,.2f} of them hot, {units:,.1f} capacity units"
        add(f"a month awake, {chunks:,.0f} chunks", units * prices.AURORA_ACU_HOUR * prices.HOURS, detail)
    least = prices.OPENSEARCH_SERVERLESS_LEAST_OCU * prices.OPENSEARCH_SERVERLESS_OCU_HOUR * prices.HOURS
    add("idle month, OpenSearch Serverless", least, "the least it takes: two units")
    for instance, hour in prices.OPENSEARCH_INSTANCE_HOURS.items():
        add(f"idle month, two {instance}", 2 * hour * prices.HOURS, "without their disks")
    report.ratios["idle_vs_opensearch_serverless"] = round(
        prices.idle_dollars("scale-to-zero", 0, alarms) / least, 3
    )
    return report


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--collection", default="scifact", help="a folder of --data")
    parser.add_argument("--documents", type=int, help="only the first N documents")
    options = parser.parse_args()
    collection = read_collection(options.data / options.collection)
    del collection.documents[options.documents or len(collection.documents) :]
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        measured = asyncio.run(measure(url, collection))
        stop_postgres(Path(folder), 18)
    report_on(measured, len(collection.documents)).print(as_json=options.json)


if __name__ == "__main__":
    main()
