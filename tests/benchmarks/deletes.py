"""A delete by filter: until it answers and hides all it selects, and its purge, beside DELETE by hand.

uv run python -m tests.benchmarks.deletes [--json] [--documents N] [--purged N]

The first documents are rows alone, which is what answering and hiding take; those that are purged have words.
"""

import asyncio
import random
import time
from pathlib import Path

import psycopg

from shared.cache.null import NullCache
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.documents import DocumentInput
from shared.domain.principals import ADMIN, WORKER
from shared.queues.null import NullQueue
from shared.services.delete_documents_by_filter import DeletedDocuments, delete_documents_by_filter
from shared.services.maintain_indexes import maintain_indexes
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.documents import prose
from tests.builders.given_vectors import GivenVectors
from tests.builders.library import Library, settings_of
from tests.builders.postgres import NEWEST_VERSION, folder_for_servers, start_postgres, stop_postgres

DOCUMENTS, PURGED, KEPT, BATCH, SEARCHES = 1_000_000, 20_000, 1_000, 500, 50
ADD_ROWS = """
INSERT INTO concord.document
    (collection_id, id, number, index_number, title, body, metadata, content_hash, text_hash)
SELECT c.id, 'd' || n, n, n, 'Document ' || n, 'This is the text of document ' || n || '.',
       jsonb_build_object('kept', n <= %(kept)s), '', ''
FROM concord.collection c, generate_series(1, %(documents)s + %(kept)s) AS n WHERE c.name = 'many'
"""
ADD_FIELD = """
INSERT INTO concord.metadata_field (collection_id, name)
SELECT id, 'kept' FROM concord.collection WHERE name = 'many'
"""
BY_HAND = """
CREATE TABLE by_hand AS SELECT id, title, body, metadata FROM concord.document;
ALTER TABLE by_hand ADD PRIMARY KEY (id);
CREATE INDEX ON by_hand USING gin (metadata jsonb_path_ops);
ANALYZE by_hand;
ANALYZE concord.document;
"""
DELETE_BY_HAND = """DELETE FROM by_hand WHERE metadata @? '$.kept ? (@ == false)'"""


def add_rows(url: str, documents: int) -> float:
    """Make the documents and a table like theirs; seconds that a DELETE of them takes there."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ADD_ROWS, {"documents": documents, "kept": KEPT})
        connection.execute(ADD_FIELD)
        connection.execute(BY_HAND)
        started = time.perf_counter()
        deleted = connection.execute(DELETE_BY_HAND).rowcount
        seconds = time.perf_counter() - started
    assert deleted == documents, deleted
    return seconds


async def delete(library: Library) -> tuple[DeletedDocuments, float]:
    started = time.perf_counter()
    gone = await delete_documents_by_filter(
        library.database, NullCache(), NullQueue(), ADMIN, library.name, "kept = false"
    )
    return gone, time.perf_counter() - started


async def search_milliseconds(library: Library) -> list[float]:
    spent = []
    for _ in range(SEARCHES):
        started = time.perf_counter()
        found = await library.search("*", filter="kept = true", limit=10)
        spent.append((time.perf_counter() - started) * 1000)
        assert found.found == KEPT, found.found
    return spent


async def purge(library: Library, documents: int) -> float:
    """Seconds in which maintenance removes so many documents that have words."""
    randomness = random.Random(1)
    for start in range(0, documents, BATCH):
        numbers = range(start, min(start + BATCH, documents))
        await library.upsert(
            *(
                DocumentInput(id=f"d{number}", body=prose(randomness, 30), metadata={"kept": False})
                for number in numbers
            )
        )
    await delete(library)
    started = time.perf_counter()
    report = await maintain_indexes(library.database, WORKER, deadline=time.monotonic() + 3_600)
    assert report.complete
    return time.perf_counter() - started


async def compare(url: str, documents: int, purged: int, report: Report) -> None:
    await apply_migrations(url)
    connection = open_connection(settings_of(url, database_statement_timeout_ms=600_000))
    many, few = (Library(connection, GivenVectors(), name) for name in ("many", "few"))
    await few.create()
    seconds = await purge(few, purged)
    rate = round(purged / seconds)
    report.rows.append(
        {"what": "purge", "documents": purged, "seconds": round(seconds, 2), "documents/s": rate}
    )
    await many.create()
    by_hand = await asyncio.to_thread(add_rows, url, documents)
    report.rows.append({"what": "DELETE by hand", "documents": documents, "seconds": round(by_hand, 3)})
    before = await search_milliseconds(many)
    gone, seconds = await delete(many)
    after = await search_milliseconds(many)
    report.rows += [
        {
            "what": "delete by filter",
            "documents": documents,
            "seconds": round(seconds, 3),
            "told": gone.deleted,
        },
        {"what": "a search before", "p50_ms": round(percentile(before, 0.5), 1)},
        {"what": "a search until the purge", "p50_ms": round(percentile(after, 0.5), 1)},
    ]
    report.ratios["delete_by_hand_vs_answer"] = by_hand / seconds
    await connection.aclose()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--purged", type=int, default=PURGED)
    given = parser.parse_args()
    report = Report("Deletes by filter, one machine")
    with folder_for_servers() as folder:
        data = Path(folder) / "data"
        url = start_postgres(data, NEWEST_VERSION)
        try:
            asyncio.run(compare(url, given.documents, given.purged, report))
        finally:
            stop_postgres(data, NEWEST_VERSION)
    report.print(as_json=given.json)


if __name__ == "__main__":
    main()
