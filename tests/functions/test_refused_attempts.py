"""The audit of what was refused: who wanted to write what, and may not."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.builders.events import Event, http_event
from tests.builders.functions import Functions

GUIDES = "/v1/collections/guides"
# Of one principal in a minute.
MOST = 20

type MakeKey = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def key_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")


@pytest.fixture
def make_key(functions: Functions) -> MakeKey:
    def make(*actions: str, collections: tuple[str, ...] = ("*",)) -> dict[str, Any]:
        body = {"actions": actions, "collections": collections}
        made: dict[str, Any] = functions("keys_create", http_event("POST", "/v1/keys", body))["body"]
        return made

    return make


def sent_by(key: dict[str, Any], method: str, path: str, body: object = None) -> Event:
    return http_event(method, path, body, headers={"authorization": f"Bearer {key['key']}"})


def refused(database: psycopg.Connection[TupleRow]) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT principal, action, collection, objects, object_count, outcome FROM concord.audit_entry"
        " WHERE outcome <> 'done' ORDER BY id"
    ).fetchall()


def test_an_entry_tells_who_was_refused_what(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow]
) -> None:
    key = make_key("documents:read")
    event = sent_by(key, "DELETE", f"{GUIDES}/documents/plan")
    assert functions("documents_delete", event)["statusCode"] == 403
    assert refused(database) == [
        (f"key:{key['id']}", "documents.delete", "guides", ["plan"], 1, "permission_denied")
    ]
    seen = database.execute("SELECT request_id, address FROM concord.audit_entry ORDER BY id DESC LIMIT 1")
    assert seen.fetchall() == [(event["requestContext"]["requestId"], "203.0.113.7")]


def test_who_is_refused_by_what_a_body_says_is_in_it(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow]
) -> None:
    """Nothing of the body is."""
    key = make_key("collections:*", collections=("acme_*",))
    event = sent_by(key, "POST", "/v1/collections", {"name": "guides"})
    assert functions("collections_create", event)["statusCode"] == 403
    assert refused(database) == [(f"key:{key['id']}", "collections.create", None, [], 0, "permission_denied")]


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_key_that_has_ended_is_in_it(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow], end: str
) -> None:
    key = make_key("documents:write")
    database.execute(f"UPDATE concord.api_key SET {end} = now()".encode())
    answer = functions("documents_upsert", sent_by(key, "POST", f"{GUIDES}/documents", {"documents": []}))
    assert (answer["statusCode"], answer["body"]["error"]["code"]) == (401, "key_ended")
    assert answer["headers"]["www-authenticate"] == "Bearer"
    assert refused(database) == [(f"key:{key['id']}", "documents.upsert", "guides", [], 0, "key_ended")]


def test_strangers_are_not_in_it(
    functions: Functions,
    make_key: MakeKey,
    database: psycopg.Connection[TupleRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = make_key("*")
    monkeypatch.setenv("ADMIN_KEY_HASH", "0" * 64)
    functions.close_http()
    for bearer in (f"{key['key'][:-1]}x", f"ck_{'0' * 16}_{'x' * 43}", "nothing"):
        event = sent_by({"key": bearer}, "DELETE", GUIDES)
        assert functions("collections_delete", event)["statusCode"] == 401
    assert functions("collections_delete", http_event("DELETE", GUIDES))["statusCode"] == 401
    assert refused(database) == []


@pytest.mark.parametrize("name", ["%00", "a b", "a" * 257, "%E2%82%AC"])
def test_what_cannot_be_a_name_is_left_out(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow], name: str
) -> None:
    key = make_key("documents:read", collections=("guides",))
    event = sent_by(key, "DELETE", f"/v1/collections/{name}/documents/{name}")
    assert functions("documents_delete", event)["statusCode"] == 403
    assert refused(database) == [(f"key:{key['id']}", "documents.delete", None, [], 0, "permission_denied")]


def test_nobody_fills_it(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow]
) -> None:
    key, other = make_key("documents:read"), make_key("documents:read")
    for number in range(MOST + 5):
        event = sent_by(key, "DELETE", f"{GUIDES}/documents/{number}")
        assert functions("documents_delete", event)["statusCode"] == 403
    assert [objects for *_, objects, _, _ in refused(database)] == [[f"{number}"] for number in range(MOST)]
    # Others are told of, and a minute later the same one again.
    functions("documents_delete", sent_by(other, "DELETE", f"{GUIDES}/documents/other"))
    assert refused(database)[-1][0] == f"key:{other['id']}"
    database.execute("ALTER TABLE concord.audit_entry DISABLE TRIGGER USER")
    database.execute("UPDATE concord.audit_entry SET written_at = written_at - interval '1 minute'")
    functions("documents_delete", sent_by(key, "DELETE", f"{GUIDES}/documents/later"))
    assert refused(database)[-1][:4] == (f"key:{key['id']}", "documents.delete", "guides", ["later"])


def test_without_its_entry_a_refusal_is_one(
    functions: Functions,
    make_key: MakeKey,
    database: psycopg.Connection[TupleRow],
    capfd: pytest.CaptureFixture[str],
) -> None:
    key = make_key("documents:read")
    database.execute("ALTER TABLE concord.audit_entry ADD CHECK (outcome = 'done')")
    assert functions("documents_delete", sent_by(key, "DELETE", f"{GUIDES}/documents/a"))["statusCode"] == 403
    assert refused(database) == []
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (line,) = (line for line in logged if line["message"] == "request_refused")
    assert (line["principal"], line["action"], line["code"]) == (
        f"key:{key['id']}",
        "documents.delete",
        "permission_denied",
    )
    assert "request_unavailable" in {line["message"] for line in logged}


def test_a_refused_search_is_in_the_log_alone(
    functions: Functions,
    make_key: MakeKey,
    database: psycopg.Connection[TupleRow],
    capfd: pytest.CaptureFixture[str],
) -> None:
    key = make_key("documents:write")
    event = sent_by(key, "POST", f"{GUIDES}/search", {"q": "a secret question"})
    assert functions("documents_search", event)["statusCode"] == 403
    assert refused(database) == []
    said = capfd.readouterr().err
    assert '"action":"documents.search"' in said
    assert "secret question" not in said
    assert key["key"] not in said


def test_refusals_are_listed_by_their_outcome(functions: Functions, make_key: MakeKey) -> None:
    key = make_key("documents:read")
    functions("documents_delete", sent_by(key, "DELETE", f"{GUIDES}/documents/a"))
    for outcome, actions in {"permission_denied": ["documents.delete"], "done": ["keys.create"]}.items():
        listed = functions("audit_list", http_event("GET", "/v1/audit", query=f"outcome={outcome}"))
        assert [entry["action"] for entry in listed["body"]["entries"]] == actions


def test_a_refusal_that_is_sent_again_with_its_key_is_one(
    functions: Functions, make_key: MakeKey, database: psycopg.Connection[TupleRow]
) -> None:
    key = make_key("collections:*", collections=("acme_*",))
    headers = {"authorization": f"Bearer {key['key']}", "idempotency-key": "once"}
    event = http_event("POST", "/v1/collections", {"name": "guides"}, headers=headers)
    assert [functions("collections_create", event)["statusCode"] for _ in range(2)] == [403, 403]
    assert len(refused(database)) == 1
