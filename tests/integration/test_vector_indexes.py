"""A collection that has outgrown exact scans has a vector index of its own, and no search sees another's."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from shared.database.connections import SingleConnection, open_connection
from shared.domain import ranking
from shared.domain.documents import DocumentInput
from shared.domain.search import SearchResponse
from tests.builders.library import Library, settings_of
from tests.builders.vectors import StoredVectors, clustered_vectors, insert_vectors

DOCUMENTS = 1_500
QUERIES = 25
VECTORS = clustered_vectors(DOCUMENTS + QUERIES, 384)
DOCUMENT_VECTORS, QUERY_VECTORS = VECTORS[QUERIES:], VECTORS[:QUERIES]
SCANS = """
SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE indexrelname LIKE 'collection%_space_%'
"""
INDEXES = "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'collection%_space_%' ORDER BY indexname"

pytestmark = pytest.mark.usefixtures("_outgrown_soon")


@pytest.fixture
def _outgrown_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "EXACT_CHUNKS", 1_000)


@pytest.fixture
async def prepared(database_url: str, pytestconfig: pytest.Config) -> AsyncIterator[SingleConnection]:
    """A connection whose statements are prepared, and so planned for any parameters in the end.

    Behind a pooler they are planned each time. Of so few vectors it prefers the index, as it does of many
    without being told.
    """
    name = conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f'ALTER DATABASE "{name}" SET enable_sort = off'.encode())
    may_prepare = not pytestconfig.getoption("--pooler")
    connection = open_connection(settings_of(database_url, database_prepared_statements=may_prepare))
    yield connection
    await connection.aclose()


@pytest.fixture
async def shelf(prepared: SingleConnection, database_url: str) -> Library:
    """A collection of clustered vectors, whose queries are called q0, q1 and so on."""
    return await filled(prepared, database_url, "shelf", 1)


async def filled(database: SingleConnection, url: str, name: str, collection_id: int) -> Library:
    embedder = StoredVectors({f"q{n}": vector.tolist() for n, vector in enumerate(QUERY_VECTORS)})
    library = Library(database, embedder, name)
    await library.create()
    numbers = range(1, DOCUMENTS + 1)
    documents = [DocumentInput(id=f"d{n}", body=f"text {n}", metadata={"share": n % 100}) for n in numbers]
    await library.upsert(*documents)
    with psycopg.connect(url, autocommit=True) as connection:
        insert_vectors(connection, DOCUMENT_VECTORS, collection_id)
        connection.execute("ANALYZE concord.embedding")
    return library


def names(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute(INDEXES)]


def index_scans(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute(SCANS.encode()).fetchall())


def scans(response: SearchResponse) -> set[str]:
    return {hit.explain.vector_scan for hit in response.hits if hit.explain}


async def recall(library: Library, *, share: int = 100) -> float:
    """Of the ten nearest documents that pass and are near at all, the share among the first ten hits."""
    passing = np.flatnonzero(np.arange(1, DOCUMENTS + 1) % 100 < share)
    condition = {} if share == 100 else {"filter": f"share < {share}"}
    found, wanted = 0, 0
    for number, query in enumerate(QUERY_VECTORS):
        similarities = DOCUMENT_VECTORS[passing] @ query
        best = [place for place in np.argsort(-similarities)[:10] if similarities[place] > 0]
        nearest = {f"d{passing[place] + 1}" for place in best}
        hits = await library.find(f"q{number}", mode="semantic", limit=10, highlight=False, **condition)
        wanted += len(nearest)
        found += len(nearest & set(hits))
    return found / wanted


async def test_no_search_sees_anothers_index(
    prepared: SingleConnection, shelf: Library, database_url: str
) -> None:
    other = await filled(prepared, database_url, "other", 2)
    report = await shelf.maintain()
    assert (report.indexed_collections, report.waiting_collections) == (2, 0)
    assert names(database_url) == ["collection_1_space_1_idx", "collection_2_space_1_idx"]
    assert (await shelf.maintain()).indexed_collections == 0
    assert await recall(other) >= 0.98
    await prepared.aclose()
    # A session tells of its scans when it ends; a pooler's goes on, and tells within some seconds.
    deadline = time.monotonic() + 30
    expected = {"collection_1_space_1_idx": 0, "collection_2_space_1_idx": QUERIES}
    while index_scans(database_url) != expected:
        assert time.monotonic() < deadline, index_scans(database_url)
        await asyncio.sleep(0.1)


async def test_the_index_is_noticed_and_finds_what_a_scan_does(shelf: Library) -> None:
    fields: dict[str, Any] = {"mode": "semantic", "highlight": False, "explain": True}
    assert scans(await shelf.search("q0", **fields)) == {"exact"}
    assert await recall(shelf) == 1
    await shelf.maintain()
    assert scans(await shelf.search("q0", **fields)) == {"index"}
    assert await recall(shelf) >= 0.98


async def test_filters_fill_the_page(shelf: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    await shelf.maintain()
    monkeypatch.setattr(ranking, "SMALL_COLLECTION", 0)
    fields: dict[str, Any] = {"mode": "semantic", "highlight": False, "explain": True}
    for share, limit, scan in ((50, 100, "index"), (10, 50, "index"), (1, 5, "exact")):
        found = await shelf.search("q1", filter=f"share < {share}", limit=limit, **fields)
        assert (len(found.hits), scans(found)) == (limit, {scan})
        assert await recall(shelf, share=share) >= 0.98


async def test_too_little_time_leaves_it_and_says_so(
    shelf: Library, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shared.services.maintain_indexes.NUMBERS_PER_SECOND", 1_000)
    report = await shelf.maintain(seconds=60)
    assert (report.indexed_collections, report.waiting_collections, report.complete) == (0, 1, True)
    assert names(database_url) == []
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    said = [line[key] for key in ("message", "collection", "chunks", "estimated_seconds", "command")]
    assert said == ["vector_index_waits", "shelf", DOCUMENTS, 576, "concord index shelf"]
    assert not (await shelf.maintain(seconds=-1)).complete


async def test_a_build_that_takes_too_long_is_given_up(
    shelf: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.services.maintain_indexes.NUMBERS_PER_SECOND", 1e12)
    report = await shelf.maintain(seconds=0.1)
    assert (report.indexed_collections, report.complete) == (0, False)
    assert names(database_url) == []


async def test_a_deleted_collection_loses_its_index(shelf: Library, database_url: str) -> None:
    await shelf.maintain()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE INDEX collection_1_space_1_building ON concord_embedding.space_1 (chunk_id)"
        )
    await shelf.drop()
    with psycopg.connect(database_url) as reader:
        # Whoever reads the space's vectors is not made to wait behind maintenance for long.
        reader.execute("SELECT count(*) FROM concord.embedding")
        assert not (await asyncio.wait_for(shelf.maintain(), 30)).complete
    assert len(names(database_url)) == 2
    assert (await shelf.maintain()).complete
    assert names(database_url) == []
