"""The vector index of a collection: recall against exact search, time, build, bytes, and filters.

uv run python -m tests.benchmarks.vector_index [--json] [--documents N] [--vectors FILE --queries FILE]
[--all]

Vectors are clustered random ones, or those of two files of NumPy's (rows of unit length). Without `--all`
only the index as it is built by default is measured, with it also its neighbours and binary quantisation.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import TupleRow

from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain import ranking
from shared.domain.documents import DocumentInput
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.library import Library, settings_of
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres
from tests.builders.vectors import StoredVectors, clustered_vectors, insert_vectors

type Vectors = npt.NDArray[np.float32]
type Connection = psycopg.Connection[TupleRow]

DIMENSIONS = 384
QUERIES = 300
BATCH = 1_000
# Of a hundred documents, so many pass `share < N`.
SHARES = (50, 10, 1)
WIDTHS = (40, 100, 200, 400)
BUILDS = ((16, 64), (16, 128), (16, 200), (24, 128), (24, 200))
RERANKED = (100, 200, 400)
INDEX = "concord_embedding.collection_1_space_1_idx"
CREATE = """CREATE INDEX collection_1_space_1_idx ON concord_embedding.space_1 USING hnsw ({expression})
    WITH (m = {m}, ef_construction = {effort}) WHERE collection_id = 1"""
HALVES = f"(vector::halfvec({DIMENSIONS})) halfvec_ip_ops"
BITS = f"(binary_quantize(vector::halfvec({DIMENSIONS}))::bit({DIMENSIONS})) bit_hamming_ops"
NEAREST = f"""SELECT document_number FROM concord.embedding WHERE space_id = 1 AND collection_id = 1
    ORDER BY vector::halfvec({DIMENSIONS}) <#> %s::halfvec({DIMENSIONS}) LIMIT {{limit}}"""
RERANK = f"""SELECT document_number FROM (
        SELECT document_number, vector FROM concord.embedding WHERE space_id = 1 AND collection_id = 1
        ORDER BY binary_quantize(vector::halfvec({DIMENSIONS}))::bit({DIMENSIONS})
                 <~> binary_quantize(%(vector)s::halfvec({DIMENSIONS})) LIMIT {{limit}}
    ) near ORDER BY vector <#> %(vector)s::halfvec({DIMENSIONS}) LIMIT 10"""


class Data(NamedTuple):
    """Vectors of documents, number by number, and of queries."""

    documents: Vectors
    queries: Vectors

    def nearest(self, *, share: int = 100) -> list[set[int]]:
        """The ten nearest numbers of each query among documents of which `number % 100 < share`."""
        passing = np.flatnonzero(np.arange(1, len(self.documents) + 1) % 100 < share)
        similarities = self.queries @ self.documents[passing].T
        best = np.argpartition(-similarities, min(10, len(passing) - 1), axis=1)[:, :10]
        return [set((passing[row] + 1).tolist()) for row in best]


def read_data(options: argparse.Namespace) -> Data:
    if options.vectors is None:
        made = clustered_vectors(options.documents + QUERIES, DIMENSIONS)
        return Data(made[QUERIES:], made[:QUERIES])
    documents = np.load(options.vectors)[: options.documents].astype(np.float32)
    return Data(documents, np.load(options.queries)[:QUERIES].astype(np.float32))


async def load(library: Library, url: str, documents: Vectors) -> None:
    await library.create()
    for start in range(0, len(documents), BATCH):
        numbers = range(start + 1, min(start + BATCH, len(documents)) + 1)
        batch = [
            DocumentInput(id=f"d{number}", body=f"text {number}", metadata={"share": number % 100})
            for number in numbers
        ]
        await library.upsert(*batch)
    with psycopg.connect(url, autocommit=True) as connection:
        insert_vectors(connection, documents)
        connection.execute("VACUUM ANALYZE")


def measure(
    connection: Connection, statement: str, vectors: Sequence[str], nearest: list[set[int]]
) -> dict[str, float]:
    """Recall among the first ten, and milliseconds, of a statement that is asked with each vector."""
    times, recalls = [], []
    for warm in (False, True):
        for vector, wanted in zip(vectors, nearest, strict=True):
            parameters: Any = {"vector": vector} if "%(vector)s" in statement else [vector]
            started = time.perf_counter()
            found = connection.execute(statement.encode(), parameters).fetchall()
            if warm:
                times.append((time.perf_counter() - started) * 1000)
                recalls.append(len(wanted & {number for (number,) in found[:10]}) / len(wanted))
    return {"recall_at_10": round(sum(recalls) / len(recalls), 4), **spread(times)}


def spread(times: list[float]) -> dict[str, float]:
    return {"p50_ms": round(percentile(times, 0.5), 2), "p95_ms": round(percentile(times, 0.95), 2)}


def build(connection: Connection, expression: str, m: int, effort: int) -> dict[str, Any]:
    connection.execute(f"DROP INDEX IF EXISTS {INDEX}".encode())
    connection.execute("SET maintenance_work_mem = '1GB'")
    started = time.perf_counter()
    connection.execute(CREATE.format(expression=expression, m=m, effort=effort).encode())
    seconds = time.perf_counter() - started
    size = connection.execute("SELECT pg_relation_size(%s::regclass)", [INDEX]).fetchone()
    assert size is not None
    return {"m": m, "ef_construction": effort, "build_s": round(seconds, 1), "megabytes": size[0] >> 20}


def widen(connection: Connection, width: int, scan: str = "off") -> None:
    connection.execute(
        "SELECT set_config('hnsw.ef_search', %s, false), set_config('hnsw.iterative_scan', %s, false)",
        [str(width), scan],
    )


def compare_indexes(url: str, data: Data, report: Report) -> None:
    """Each way to build, by each width; then bits, of which as many are ranked again."""
    vectors = [str(vector.tolist()) for vector in data.queries]
    nearest = data.nearest()
    with psycopg.connect(url, autocommit=True) as connection:
        for m, effort in BUILDS:
            built = build(connection, HALVES, m, effort)
            for width in WIDTHS:
                widen(connection, width)
                figures = measure(connection, NEAREST.format(limit=10), vectors, nearest)
                report.rows.append({"what": "halves", **built, "ef_search": width, **figures})
        built = build(connection, BITS, 16, 64)
        for limit in RERANKED:
            widen(connection, limit)
            figures = measure(connection, RERANK.format(limit=limit), vectors, nearest)
            report.rows.append({"what": "bits, reranked", **built, "ef_search": limit, **figures})
        connection.execute(f"DROP INDEX {INDEX}".encode())


def build_default(url: str, report: Report) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        started = time.perf_counter()
        connection.execute("SELECT concord.index_collection_vectors(1)")
        seconds = round(time.perf_counter() - started, 1)
        size = connection.execute("SELECT pg_relation_size(%s::regclass)", [INDEX]).fetchone()
        assert size is not None
        report.rows.append({"what": "default build", "build_s": seconds, "megabytes": size[0] >> 20})


async def search(library: Library, data: Data, what: str, report: Report, *, share: int = 100) -> float:
    """A row of searches by meaning; returns their p95 in milliseconds."""
    fields: dict[str, Any] = {"mode": "semantic", "limit": 100, "highlight": False, "explain": True}
    if share < 100:
        fields["filter"] = f"share < {share}"
    times, recalls, found = [], [], []
    scans: set[str] = set()
    for warm in (False, True):
        for query, wanted in enumerate(data.nearest(share=share)):
            started = time.perf_counter()
            answer = await library.search(f"q{query}", **fields)
            if warm:
                times.append((time.perf_counter() - started) * 1000)
                first = {int((hit.document.id or "d0")[1:]) for hit in answer.hits[:10]}
                recalls.append(len(wanted & first) / len(wanted))
                found.append(len(answer.hits))
                scans.update(hit.explain.vector_scan for hit in answer.hits if hit.explain)
    row = {
        "what": what,
        "passing": f"{share} %",
        "scan": ", ".join(sorted(scans)),
        "ef_search": ranking.HNSW_WIDTH,
        "recall_at_10": round(sum(recalls) / len(recalls), 4),
        "least_hits_of_100": min(found),
        **spread(times),
    }
    report.rows.append(row)
    return percentile(times, 0.95)


async def compare(url: str, data: Data, report: Report, *, everything: bool) -> None:
    await apply_migrations(url)
    database = open_connection(settings_of(url, database_prepared_statements=True))
    library = Library(database, StoredVectors({f"q{n}": v.tolist() for n, v in enumerate(data.queries)}))
    await load(library, url, data.documents)
    exact = await search(library, data, "search", report)
    if everything:
        await asyncio.to_thread(compare_indexes, url, data, report)
    await asyncio.to_thread(build_default, url, report)
    indexed = await search(library, data, "search", report)
    for share in SHARES:
        await search(library, data, "search", report, share=share)
    report.ratios["exact_p95_vs_indexed"] = round(exact / indexed, 3)
    await database.aclose()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--vectors", type=Path, help="a .npy file of documents' vectors")
    parser.add_argument("--queries", type=Path, help="a .npy file of queries' vectors")
    parser.add_argument("--all", action="store_true", help="other parameters and quantisations, too")
    options = parser.parse_args()
    report = Report("Vector index")
    with folder_for_servers() as folder:
        url = start_postgres(Path(folder), 18)
        asyncio.run(compare(url, read_data(options), report, everything=options.all))
        stop_postgres(Path(folder), 18)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
