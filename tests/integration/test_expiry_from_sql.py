"""When documents that a team's own SQL writes expire."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.domain.documents import DocumentInput
from tests.builders.documents import a_document
from tests.builders.embedding_state import execute
from tests.builders.library import Library
from tests.builders.sql_writes import assert_consistent, upsert

DOCUMENT = a_document("a", "Lanterns light the harbour.", title="Harbour", metadata={"year": 2026})
WEEK = "UPDATE concord.collection SET ttl_seconds = 604800"
NEVER = "UPDATE concord.collection SET ttl_seconds = NULL"
STORED = "SELECT expires_at, expires_by_ttl FROM concord.document"
SOON = "UPDATE concord.document SET expires_at = now() + interval '1 hour'"


def assert_expires_in_a_week(database_url: str) -> None:
    [(expires_at, by_ttl)] = execute(database_url, STORED)
    left = expires_at - datetime.now(UTC)
    assert timedelta(days=6, hours=23, minutes=55) < left <= timedelta(days=7)
    assert by_ttl


@pytest.mark.usefixtures("library")
def test_a_collection_without_a_ttl_keeps_what_is_written(
    app: psycopg.Connection[TupleRow], database_url: str
) -> None:
    assert upsert(app, DOCUMENT) == "created"
    app.commit()
    assert execute(database_url, STORED) == [(None, False)]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("again", "status"),
    [
        (DOCUMENT, "unchanged"),
        (DOCUMENT.model_copy(update={"metadata": {"year": 2027}}), "updated"),
        (DOCUMENT.model_copy(update={"body": "Lamps light the quay."}), "updated"),
    ],
    ids=["nothing", "metadata", "text"],
)
def test_every_write_moves_the_expiry_on(
    app: psycopg.Connection[TupleRow],
    database_url: str,
    again: DocumentInput,
    status: str,
) -> None:
    execute(database_url, WEEK)
    assert upsert(app, DOCUMENT) == "created"
    app.commit()
    assert_expires_in_a_week(database_url)
    execute(database_url, SOON)
    assert upsert(app, again) == status
    app.commit()
    assert_expires_in_a_week(database_url)
    execute(database_url, NEVER)
    assert upsert(app, again) == "unchanged"
    app.commit()
    assert execute(database_url, STORED) == [(None, False)]
    assert_consistent(database_url)


@pytest.mark.parametrize("is_limited", [False, True], ids=["no-ttl", "ttl"])
async def test_a_document_loses_the_expiry_that_it_had_of_its_own(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str, *, is_limited: bool
) -> None:
    await library.upsert(DOCUMENT)
    execute(database_url, SOON)
    if is_limited:
        execute(database_url, WEEK)
    assert upsert(app, DOCUMENT) == "updated"
    app.commit()
    if is_limited:
        assert_expires_in_a_week(database_url)
    else:
        assert execute(database_url, STORED) == [(None, False)]
    assert upsert(app, DOCUMENT) == "unchanged"
