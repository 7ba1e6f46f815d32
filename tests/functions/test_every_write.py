"""Every route that writes is carried out once for each key and tells the audit, and no other is and does."""

import psycopg
import pytest

from shared.database.roles import SEARCH
from shared.local.function_list import list_functions
from tests.builders.events import Event, http_event
from tests.builders.functions import Functions
from tests.builders.role_server import FUNCTIONS_OF_ROLE

# They are sent what they read.
READING_POSTS = {"documents_search", "documents_multi_search", "chunks_preview"}
ROUTES = [
    (function.name, route.method, route.path) for function in list_functions() for route in function.routes
]
WRITES = [route for route in ROUTES if route[1] != "GET" and route[0] not in READING_POSTS]
READS = [route for route in ROUTES if route not in WRITES]


def request(method: str, path: str, **headers: str) -> Event:
    """One that is well-formed JSON, though seldom what the route wants."""
    address = path.format(collection="guides", id="a", alias="manual")
    return http_event(method, address, None if method in {"GET", "DELETE"} else {}, headers=headers)


def make_key(functions: Functions, monkeypatch: pytest.MonkeyPatch, action: str) -> str:
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
    made = functions(
        "keys_create", http_event("POST", "/v1/keys", {"actions": [action], "collections": ["*"]})
    )
    key: str = made["body"]["key"]
    return key


@pytest.mark.parametrize(("name", "method", "path"), WRITES)
def test_what_writes_is_carried_out_once(functions: Functions, name: str, method: str, path: str) -> None:
    event = request(method, path, **{"idempotency-key": "once"})
    first, again = functions(name, event), functions(name, event)
    assert again["headers"].pop("idempotency-replayed") == "true"
    assert again == first


def test_what_reads_knows_no_keys(functions: Functions, database_url: str) -> None:
    for name, method, path in READS:
        event = request(method, path, **{"idempotency-key": "once"})
        assert functions(name, event)["statusCode"] < 500
        assert "idempotency-replayed" not in functions(name, event)["headers"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT FROM concord.idempotent_request").fetchall() == []


@pytest.mark.parametrize(("name", "method", "path"), WRITES)
def test_who_may_not_write_stands_in_the_audit(
    functions: Functions,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    method: str,
    path: str,
) -> None:
    key = make_key(functions, monkeypatch, "audit:read")
    event = request(method, path, authorization=f"Bearer {key}")
    assert functions(name, event)["statusCode"] == 403
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT action, request_id FROM concord.audit_entry WHERE outcome = 'permission_denied'"
        ).fetchall()
    assert found == [(name.replace("_", ".", 1), event["requestContext"]["requestId"])]


def test_who_may_not_read_does_not(
    functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(functions, monkeypatch, "documents:write")
    refused = [
        name
        for name, method, path in READS
        if functions(name, request(method, path, authorization=f"Bearer {key}"))["statusCode"] == 403
    ]
    assert len(refused) > len(READS) / 2
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT FROM concord.audit_entry WHERE outcome <> 'done'").fetchall() == []


def test_what_reads_by_post_has_a_role_that_cannot_write() -> None:
    assert FUNCTIONS_OF_ROLE[SEARCH] >= READING_POSTS
