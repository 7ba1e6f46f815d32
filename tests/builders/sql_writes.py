"""Documents written through SQL alone, as an app does in its own transactions."""

import json
import time

import psycopg
from psycopg.rows import TupleRow

from shared.domain.documents import DocumentInput
from tests.builders.embedding_state import execute
from tests.builders.recount import recount, stored_statistics

UPSERT = b"SELECT concord.upsert_document(%s, %s, %s, %s, %s, %s)"
_WAITERS = """
SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""
DELETE = b"SELECT concord.delete_document(%s, %s)"


def upsert(connection: psycopg.Connection[TupleRow], document: DocumentInput, name: str = "library") -> str:
    values = (document.title, document.body, document.url, json.dumps(document.metadata))
    row = connection.execute(UPSERT, [name, document.id, *values]).fetchone()
    assert row is not None
    return str(row[0])


def delete(connection: psycopg.Connection[TupleRow], id: str) -> bool:  # noqa: A002 - its field's name
    row = connection.execute(DELETE, ["library", id]).fetchone()
    assert row is not None
    return bool(row[0])


def assert_consistent(database_url: str) -> None:
    assert stored_statistics(database_url) == recount(database_url)


def wait_for_a_waiter(database_url: str) -> None:
    """Until some session of this database waits for a lock."""
    while not execute(database_url, _WAITERS):
        time.sleep(0.01)
