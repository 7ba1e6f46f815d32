"""`concord index`: the vector indexes of larger collections, built while others write."""

import signal
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.domain import ranking
from tests.builders.command_line import CONCORD, concord
from tests.builders.vectors import clustered_vectors

VECTORS = 300
UNFINISHED = "collection_{}_space_1_building"
ADD = """
INSERT INTO concord.collection (name, language, space_id)
VALUES (%s, 'english', concord.open_embedding_space('all-MiniLM-L6-v2', 384)) RETURNING id
"""
COUNT = (
    "INSERT INTO concord.keyword_statistic (collection_id, documents, chunks, length) VALUES (%s, 1, %s, 1)"
)
STORE = """
INSERT INTO concord.embedding
SELECT 1, %s, place, place, v::public.halfvec FROM unnest(%s::text[]) WITH ORDINALITY AS u (v, place)
"""
INDEXES = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relname LIKE 'collection%_space_%' ORDER BY c.relname
"""


@pytest.fixture
def owner(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[TupleRow]]:
    """The owner of two collections: `large`, that has outgrown exact scans, and `small`."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(ranking, "EXACT_CHUNKS", 200)
    vectors = [str(vector.tolist()) for vector in clustered_vectors(VECTORS, 384)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, count in (("large", VECTORS), ("small", 100)):
            added = connection.execute(ADD, [name]).fetchone()
            assert added is not None
            connection.execute(COUNT, [added[0], count])
            connection.execute(STORE, [added[0], vectors[:count]])
        yield connection


def indexes(owner: psycopg.Connection[TupleRow]) -> list[TupleRow]:
    return owner.execute(INDEXES).fetchall()


def test_builds_what_is_due_and_then_has_nothing_to_do(owner: psycopg.Connection[TupleRow]) -> None:
    built = concord("index", "--json", "--workers", "0")
    (report,) = built.json["collections"]
    assert (report["collection"], report["chunks"], report["outcome"]) == ("large", VECTORS, "built")
    assert report["bytes"] > 0
    assert indexes(owner) == [("collection_1_space_1_idx", True)]
    assert concord("index", "--json").json == {"collections": []}
    assert "Nothing to do" in concord("index").out


def test_the_doctor_counts_collections_that_wait(owner: psycopg.Connection[TupleRow]) -> None:
    for waiting in (True, False):
        checks = {check["name"]: check["finding"] for check in concord("doctor", "--json").json["checks"]}
        assert (", 1 collections to give a vector index" in checks["work"]) is waiting
        assert concord("index").code == 0
    assert len(indexes(owner)) == 1


def test_tells_why_a_collection_gets_none(owner: psycopg.Connection[TupleRow]) -> None:
    assert "large: built (300 chunks" in concord("index", "large", "--memory", "64").out
    assert "large: is there already (300 chunks" in concord("index", "large").out
    assert "small: not needed: searched exactly (100 chunks" in concord("index", "small").out
    assert indexes(owner) == [("collection_1_space_1_idx", True)]
    missing = concord("index", "absent")
    assert (missing.code, missing.out) == (1, "")
    assert "no absent" in missing.said


def start_interruptible(*command: str) -> subprocess.Popen[bytes]:
    """Who runs tests in the background has told them to ignore interrupts, and they their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupted_build_is_begun_anew(owner: psycopg.Connection[TupleRow], database_url: str) -> None:
    """A writer that does not end keeps the build waiting; who then gives up leaves an unusable index."""
    owner.execute(COUNT, [1, ranking.EXACT_CHUNKS + 10_000])
    with psycopg.connect(database_url) as writer:
        writer.execute("DELETE FROM concord.embedding WHERE collection_id = 2")
        build = start_interruptible(str(CONCORD), "index", "large")
        deadline = time.monotonic() + 60
        while not indexes(owner):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        # Others write meanwhile.
        owner.execute("DELETE FROM concord.embedding WHERE collection_id = 1 AND chunk_id = 1")
        build.send_signal(signal.SIGINT)
        _, said = build.communicate(timeout=60)
        assert (build.returncode, b"Interrupted" in said) == (1, True)
        assert indexes(owner) == [(UNFINISHED.format(1), False)]
    assert concord("index", "large", "--json").json["collections"][0]["outcome"] == "built"
    assert indexes(owner) == [("collection_1_space_1_idx", True)]


def test_a_build_that_fails_says_so(owner: psycopg.Connection[TupleRow]) -> None:
    owner.execute("CREATE TABLE concord_embedding.collection_1_space_1_building (id int)")
    failed = concord("index")
    assert (failed.code, indexes(owner)) == (1, [])
    assert "refused" in failed.said
