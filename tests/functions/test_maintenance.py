"""indexes_maintain, by schedule and by request."""

import asyncio
import json
import time

import psycopg
import pytest

from functions.indexes_maintain.handler import Resources, indexes_maintain
from shared.database.connections import open_connection
from shared.domain.maintenance import MaintainRequest, Retention
from shared.errors import InvalidRequest
from tests.builders.events import failed_records, http_event, schedule_event, sqs_event
from tests.builders.functions import Functions
from tests.builders.library import settings_of
from tests.functions.conftest import Upsert


def test_maintenance_folds_compacts_and_purges(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides({"id": "a", "body": "A river."}, {"id": "b", "body": "A mountain."})
    guides({"id": "a", "body": "A harbour."})
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "old"}))
    functions(
        "documents_upsert",
        http_event(
            "POST", "/v1/collections/old/documents", {"documents": [{"id": "a", "body": "Old river."}]}
        ),
    )
    functions("collections_delete", http_event("DELETE", "/v1/collections/old"))
    report = functions.process("indexes_maintain", schedule_event())
    # Of the deleted collection a document and two terms' blocks; of the other the term that a lost.
    assert report == {
        "collections": 1,
        "compacted_terms": 1,
        "purged_rows": 3,
        "indexed_collections": 0,
        "waiting_collections": 0,
        "complete": True,
    }
    again = functions.process("indexes_maintain", {"schedule": "now"})
    assert again == {
        "collections": 1,
        "compacted_terms": 0,
        "purged_rows": 0,
        "indexed_collections": 0,
        "waiting_collections": 0,
        "complete": True,
    }
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT name FROM concord.collection").fetchall() == [("guides",)]


def test_writes_may_ask_for_it(
    functions: Functions, guides: Upsert, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guides({"id": "a", "body": "A river."})
    guides({"id": "a", "body": "A harbour."})
    asked = MaintainRequest("request").to_message()
    event = sqs_event("{", asked, asked, "null", '{"maintain": "gardens"}', asked)
    assert functions.process("indexes_maintain", event) == failed_records(0, 3, 4)
    assert functions.process("indexes_maintain", {"schedule": "now"})["compacted_terms"] == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["record"] for line in lines] == ["message-0", "message-3", "message-4"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM concord.keyword_retired").fetchone() == (0,)


async def test_what_was_asked_for_and_not_done_is_asked_for_again(
    guides: Upsert, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(guides, {"id": "a", "body": "A river."})
    event = sqs_event(MaintainRequest().to_message(), MaintainRequest().to_message())
    database = open_connection(settings_of(database_url))
    resources = Resources(database, retention=Retention(audit_days=1))
    late = await indexes_maintain(event, resources, time.monotonic() - 1)
    assert late == failed_records(0, 1)
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["code"], line["records"]) == ("unavailable", 2)
    assert await indexes_maintain(event, resources, time.monotonic() + 60) == failed_records()
    await database.aclose()


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"schedule": ""}, http_event("GET", "/health")])
def test_other_events_are_refused(functions: Functions, event: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="neither a schedule nor records"):
        functions.process("indexes_maintain", event)
