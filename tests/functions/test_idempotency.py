"""Idempotency-Key: a write is carried out once, and answered as often as it is sent."""

import json
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.domain.idempotency import MOST_ANSWER_BYTES
from tests.builders.events import error_answer, http_event
from tests.builders.functions import Functions

COLLECTION = {"name": "guides"}
IMPORTS = "/v1/collections/guides/imports"
DOCUMENTS = "/v1/collections/guides/documents"

type Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(functions: Functions) -> Send:
    """Sends a request with a key, to the function of that name."""

    def send(name: str, method: str, path: str, body: object = None, key: str = "first") -> dict[str, Any]:
        event = http_event(method, path, body, headers={"idempotency-key": key})
        return functions(name, event)

    return send


def is_replayed(response: dict[str, Any]) -> bool:
    return "idempotency-replayed" in response["headers"]


def lose_the_answer(database: psycopg.Connection[TupleRow]) -> None:
    """What a process leaves that was killed after its write: the write, no answer, and soon no lease."""
    database.execute(
        "UPDATE concord.idempotent_request"
        " SET status = NULL, answer = NULL, headers = '{}', lease_until = now()"
    )


def count(database: psycopg.Connection[TupleRow], table: str) -> int:
    row = database.execute(f"SELECT count(*) FROM concord.{table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_the_same_request_is_carried_out_once(send: Send, database: psycopg.Connection[TupleRow]) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    first = send("imports_create", "POST", IMPORTS, {"format": "ndjson"})
    again = send("imports_create", "POST", IMPORTS, {"format": "ndjson"})
    assert first["statusCode"] == again["statusCode"] == 201
    assert again["body"] == first["body"]
    assert not is_replayed(first)
    assert is_replayed(again)
    assert count(database, "import") == 1
    other = send("imports_create", "POST", IMPORTS, {"format": "ndjson"}, key="second")
    assert other["body"]["import"]["id"] != first["body"]["import"]["id"]


def test_a_refusal_is_given_again_too(send: Send) -> None:
    first = send("collections_delete", "DELETE", "/v1/collections/none")
    again = send("collections_delete", "DELETE", "/v1/collections/none")
    assert first["statusCode"] == again["statusCode"] == 404
    assert again["body"] == first["body"]
    assert is_replayed(again)


def test_a_key_belongs_to_one_request(send: Send) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    reused = error_answer(
        422,
        "idempotency_key_reused",
        "The Idempotency-Key belongs to another request; give each request one of its own.",
        "invalid_request",
        [{"field": "idempotency-key", "message": "is that of a request of another address or body"}],
    )
    assert send("collections_create", "POST", "/v1/collections", {"name": "others"}) == reused
    # Another route's keys are others.
    assert send("imports_create", "POST", IMPORTS, {"format": "ndjson"})["statusCode"] == 201
    assert send("imports_create", "POST", "/v1/collections/g/imports", {"format": "ndjson"}) == reused


@pytest.mark.parametrize("key", ["", "a key", "ä", "k" * 256])
def test_a_key_has_a_form(send: Send, key: str) -> None:
    assert send("collections_create", "POST", "/v1/collections", COLLECTION, key) == error_answer(
        422,
        "invalid_request",
        "The request does not have the expected form.",
        "invalid_request",
        [{"field": "idempotency-key", "message": "has to be 1 to 255 visible ASCII characters"}],
    )


def test_reading_ignores_keys(send: Send, database: psycopg.Connection[TupleRow]) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    for _ in range(2):
        found = send("documents_search", "POST", "/v1/collections/guides/search", {"q": "a"}, key="search")
        assert found["statusCode"] == 200
        assert not is_replayed(found)
        assert not is_replayed(send("collections_get", "GET", "/v1/collections/guides", key="get"))
    assert count(database, "idempotent_request") == 1


def test_while_it_is_carried_out_the_others_wait(
    send: Send, database: psycopg.Connection[TupleRow], database_url: str
) -> None:
    """Two at once, of which one holds still in the database."""
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    body = {"documents": [{"id": "a", "body": "Words."}]}
    answers: list[dict[str, Any]] = []
    with psycopg.connect(database_url) as holding:
        holding.execute("SELECT FROM concord.collection FOR UPDATE")
        others = Functions()
        event = http_event("POST", DOCUMENTS, body, headers={"idempotency-key": "once"})
        thread = threading.Thread(target=lambda: answers.append(others("documents_upsert", event)))
        thread.start()
        while not database.execute("SELECT FROM concord.idempotent_request WHERE key = 'once'").fetchall():
            pass
        waiting = send("documents_upsert", "POST", DOCUMENTS, body, key="once")
        assert waiting["statusCode"] == 409
        assert waiting["body"]["error"]["code"] == "idempotency_in_progress"
        assert 1 <= int(waiting["headers"]["retry-after"]) <= 30
        holding.rollback()
        thread.join()
        others.close()
    again = send("documents_upsert", "POST", DOCUMENTS, body, key="once")
    assert answers[0]["statusCode"] == again["statusCode"] == 200
    assert again["body"] == answers[0]["body"]
    assert is_replayed(again)


def test_whoever_was_overtaken_does_not_write(
    send: Send, database: psycopg.Connection[TupleRow], database_url: str
) -> None:
    """Slower than its lease, and taken for dead: of both one writes."""
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    answers: list[dict[str, Any]] = []
    with psycopg.connect(database_url) as holding:
        holding.execute("LOCK TABLE concord.import IN EXCLUSIVE MODE")
        slow = Functions()
        event = http_event("POST", IMPORTS, {"format": "ndjson"}, headers={"idempotency-key": "once"})
        thread = threading.Thread(target=lambda: answers.append(slow("imports_create", event)))
        thread.start()
        waits = (
            "SELECT FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO concord.import%'"
        )
        while not database.execute(waits.encode()).fetchall():
            pass
        database.execute("UPDATE concord.idempotent_request SET holder = 'another' WHERE key = 'once'")
        holding.rollback()
        thread.join()
        slow.close()
    assert answers[0]["statusCode"] == 503
    assert count(database, "import") == 0


def test_what_may_pass_is_not_kept(send: Send, database: psycopg.Connection[TupleRow]) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    database.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER fail BEFORE INSERT ON concord.import EXECUTE FUNCTION fail();"
    )
    assert send("imports_create", "POST", IMPORTS, {"format": "ndjson"})["statusCode"] == 503
    database.execute("DROP TRIGGER fail ON concord.import")
    later = send("imports_create", "POST", IMPORTS, {"format": "ndjson"})
    assert later["statusCode"] == 201
    assert not is_replayed(later)


def test_what_nobody_foresaw_is_not_kept(
    functions: Functions, send: Send, database: psycopg.Connection[TupleRow]
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    event = http_event("POST", IMPORTS, {"format": "ndjson"}, headers={"idempotency-key": "once"})
    broken = Functions()
    # A storage that is none: what a defect looks like.
    assert broken("imports_create", event, replace={"storage": object()})["statusCode"] == 500
    broken.close()
    later = functions("imports_create", event)
    assert later["statusCode"] == 201
    # Its import was there already, and is what the second attempt goes on with.
    assert count(database, "import") == 1


FEED = {"kind": "feed", "url": "https://example.com/f"}
MAKES = [
    ("imports_create", IMPORTS, {"format": "file", "name": "a.txt", "content": "Words."}, "import"),
    ("exports_create", "/v1/collections/guides/exports", {}, "export"),
    ("sources_create", "/v1/collections/guides/sources", FEED, "source"),
    ("collections_create", "/v1/collections", {"name": "others"}, "collection WHERE name = 'others'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "body", "table"), MAKES)
def test_what_is_made_is_found_when_its_answer_was_lost(
    send: Send, database: psycopg.Connection[TupleRow], name: str, path: str, body: object, table: str
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    first = send(name, "POST", path, body, key="once")
    lose_the_answer(database)
    again = send(name, "POST", path, body, key="once")
    assert first["statusCode"] == again["statusCode"] < 300
    assert {"import": None, **again["body"]}.get("import") == {"import": None, **first["body"]}.get("import")
    assert again["body"].get("id") == first["body"].get("id")
    assert count(database, table) == 1
    assert send(name, "POST", path, body, key="once")["body"] == again["body"]


def test_documents_are_stored_to_the_end_when_the_answer_was_lost(
    send: Send, database: psycopg.Connection[TupleRow]
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    body = {"documents": [{"id": "a", "body": "Words."}]}
    send("documents_upsert", "POST", DOCUMENTS, body, key="once")
    lose_the_answer(database)
    again = send("documents_upsert", "POST", DOCUMENTS, body, key="once")
    assert [item["status"] for item in again["body"]["items"]] == ["unchanged"]


def test_what_was_deleted_and_made_anew_is_not_deleted_again(
    send: Send, database: psycopg.Connection[TupleRow]
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    body = {"documents": [{"id": "a", "body": "Words."}]}
    send("documents_upsert", "POST", DOCUMENTS, body)
    assert send("documents_delete", "DELETE", f"{DOCUMENTS}/a")["statusCode"] == 204
    lose_the_answer(database)
    send("documents_upsert", "POST", DOCUMENTS, body, key="anew")
    again = send("documents_delete", "DELETE", f"{DOCUMENTS}/a")
    assert again["statusCode"] == 204
    assert is_replayed(again)
    assert count(database, "document") == 1


def test_a_source_that_is_deleted_already_is_deleted(
    send: Send, database: psycopg.Connection[TupleRow]
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    sources = "/v1/collections/guides/sources"
    send("sources_create", "POST", sources, {"id": "f", "kind": "feed", "url": "https://example.com/f"})
    send("sources_delete", "DELETE", f"{sources}/f")
    lose_the_answer(database)
    assert send("sources_delete", "DELETE", f"{sources}/f")["statusCode"] == 204


def test_a_change_whose_answer_was_lost_is_not_made_again(
    send: Send, database: psycopg.Connection[TupleRow]
) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    send("collections_update", "PATCH", "/v1/collections/guides", {"name": "manuals"})
    lose_the_answer(database)
    again = send("collections_update", "PATCH", "/v1/collections/guides", {"name": "manuals"})
    assert again == error_answer(
        409,
        "idempotency_answer_lost",
        "The request with this Idempotency-Key has been carried out, but its answer is not kept.",
        "conflict",
        [{"field": "id", "message": "manuals"}],
    )


def test_of_a_large_answer_it_is_known_that_there_was_one(send: Send) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    body = "x" * (MOST_ANSWER_BYTES + 1)
    send("documents_upsert", "POST", DOCUMENTS, {"documents": [{"id": "a", "body": body}]})
    first = send("documents_update", "PATCH", f"{DOCUMENTS}/a", {"title": "Long"})
    assert first["statusCode"] == 200
    again = send("documents_update", "PATCH", f"{DOCUMENTS}/a", {"title": "Long"})
    assert again["body"]["error"]["code"] == "idempotency_answer_lost"
    assert again["body"]["error"]["details"] == [{"field": "id", "message": "a"}]


def test_a_secret_is_answered_once(
    send: Send, database: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
    body = {"actions": ["documents:read"], "collections": ["*"]}
    first = send("keys_create", "POST", "/v1/keys", body)
    assert first["statusCode"] == 201
    again = send("keys_create", "POST", "/v1/keys", body)
    assert again["body"]["error"]["code"] == "idempotency_answer_lost"
    assert again["body"]["error"]["details"] == [{"field": "id", "message": first["body"]["id"]}]
    assert count(database, "api_key") == 1
    assert count(database, "idempotent_request WHERE answer IS NOT NULL") == 0


def test_a_day_later_a_key_is_a_new_one(send: Send, database: psycopg.Connection[TupleRow]) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    send("imports_create", "POST", IMPORTS, {"format": "ndjson"})
    database.execute("UPDATE concord.idempotent_request SET created_at = now() - interval '25 hours'")
    later = send("imports_create", "POST", IMPORTS, {"format": "csv"})
    assert later["statusCode"] == 201
    assert not is_replayed(later)
    assert count(database, "import") == 2


def test_an_answer_that_cannot_be_kept_is_given(send: Send, database: psycopg.Connection[TupleRow]) -> None:
    send("collections_create", "POST", "/v1/collections", COLLECTION)
    database.execute("ALTER TABLE concord.idempotent_request ADD CHECK (key <> 'once' OR status IS NULL)")
    first = send("imports_create", "POST", IMPORTS, {"format": "ndjson"}, key="once")
    assert first["statusCode"] == 201
    database.execute("UPDATE concord.idempotent_request SET lease_until = now()")
    assert json.dumps(
        send("imports_create", "POST", IMPORTS, {"format": "ndjson"}, key="once")["body"]["import"]
    ) == json.dumps(first["body"]["import"])
    assert count(database, "import") == 1
