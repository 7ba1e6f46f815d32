"""A function killed while it carries out a request with an Idempotency-Key, which is then sent again."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from tests.builders.deadly_proxy import Strike, deadly_postgres
from tests.builders.events import Event, http_event
from tests.builders.functions import Functions
from tests.builders.request_process import ask_until_killed
from tests.faults.conftest import OpenFunctions

GUIDES = "/v1/collections/guides"
DOCUMENTS = f"{GUIDES}/documents"
IMPORTS = f"{GUIDES}/imports"
PLAN = {"id": "plan", "body": "A plan of the harbour."}
KEY = {"idempotency-key": "once"}
# With the status when the answer to what was written is lost: only what may be done twice goes on.
REQUESTS = {
    "documents_upsert": (http_event("POST", DOCUMENTS, {"documents": [PLAN]}, headers=KEY), 200),
    "imports_create": (http_event("POST", IMPORTS, {"format": "ndjson"}, headers=KEY), 201),
    "documents_update": (http_event("PATCH", f"{DOCUMENTS}/old", {"title": "New"}, headers=KEY), 409),
    "documents_delete": (http_event("DELETE", f"{DOCUMENTS}/old", headers=KEY), 204),
}
# What the write's transaction says last before its COMMIT, and what is said when that is over.
WRITE = b"concord.record_write"
ANSWER = b"SET status = "
# Of a request: it connects, claims, reads, writes, keeps its answer.
FEWEST_STEPS = 5


@pytest.fixture
def functions(database_url: str, functions_of: OpenFunctions) -> Functions:
    """They outlive all that happens, and have made a collection with a document."""
    opened = functions_of(database_url)
    made = opened("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    assert made["statusCode"] == 201
    opened("documents_upsert", http_event("POST", DOCUMENTS, {"documents": [{**PLAN, "id": "old"}]}))
    return opened


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def ask(database_url: str, name: str, event: Event, strike: Strike) -> int:
    with deadly_postgres(database_url, strike) as url:
        return ask_until_killed(name, event, strike, os.environ | {"DATABASE_URL": url})


def end_lease(database: psycopg.Connection[TupleRow]) -> None:
    database.execute("UPDATE concord.idempotent_request SET lease_until = now() WHERE status IS NULL")


def entries(database: psycopg.Connection[TupleRow], name: str) -> list[tuple[Any, ...]]:
    """What the audit has of a function, which names what it has written; the fixture's document apart."""
    return database.execute(
        "SELECT object_count FROM concord.audit_entry WHERE action = %s AND principal = 'admin' OFFSET %s",
        [name.replace("_", "."), int(name == "documents_upsert")],
    ).fetchall()


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_killed_before_its_commit_is_carried_out_once(
    functions: Functions, database: psycopg.Connection[TupleRow], database_url: str, name: str
) -> None:
    event, _ = REQUESTS[name]
    assert ask(database_url, name, event, Strike(answered=False, marker=WRITE)) == -9
    assert entries(database, name) == []
    end_lease(database)
    carried_out = functions(name, event)
    assert carried_out["statusCode"] < 300
    assert "idempotency-replayed" not in carried_out["headers"]
    again = functions(name, event)
    assert again["headers"].pop("idempotency-replayed") == "true"
    assert again == carried_out
    assert len(entries(database, name)) == 1


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_killed_between_its_commit_and_its_answer_is_not_doubled(
    functions: Functions, database: psycopg.Connection[TupleRow], database_url: str, name: str
) -> None:
    event, status = REQUESTS[name]
    assert ask(database_url, name, event, Strike(answered=False, marker=ANSWER)) == -9
    assert len(entries(database, name)) == 1
    # Nobody knows yet that it is dead.
    waiting = functions(name, event)
    assert waiting["body"]["error"]["code"] == "idempotency_in_progress"
    assert 1 <= int(waiting["headers"]["retry-after"]) <= 30
    end_lease(database)
    for _ in range(2):
        answered = functions(name, event)
        assert answered["statusCode"] == status
    if status == 409:
        assert answered["body"]["error"]["code"] == "idempotency_answer_lost"
        assert answered["body"]["error"]["details"] == [{"field": "id", "message": "old"}]
    assert len(entries(database, name)) == 1


def test_what_is_killed_after_its_answer_was_kept_is_answered_so(
    functions: Functions, database: psycopg.Connection[TupleRow], database_url: str
) -> None:
    event, status = REQUESTS["imports_create"]
    assert ask(database_url, "imports_create", event, Strike(answered=True, marker=ANSWER)) == -9
    again = functions("imports_create", event)
    assert (again["statusCode"], again["headers"]["idempotency-replayed"]) == (status, "true")
    assert database.execute("SELECT id FROM concord.import").fetchall() == [(again["body"]["import"]["id"],)]


def test_what_is_killed_at_any_step_is_carried_out_once(
    functions: Functions, database: psycopg.Connection[TupleRow], database_url: str, rounds: int
) -> None:
    """Before what it says is heard or before it hears the answer, by turns; a second round does the rest."""
    made = 0
    for turn in range(rounds):
        step, status = 0, -9
        while status == -9:
            step += 1
            made += 1
            headers = {"idempotency-key": f"{made}"}
            event = http_event(
                "POST", IMPORTS, {"format": "ndjson", "name": f"{made}.ndjson"}, headers=headers
            )
            strike = Strike((step + turn) % 2 == 1, step)
            status = ask(database_url, "imports_create", event, strike)
            end_lease(database)
            answered = functions("imports_create", event)
            assert (answered["statusCode"], status) == (201, -9 if strike.struck else 0)
        assert step > FEWEST_STEPS
    names = database.execute("SELECT name FROM concord.import").fetchall()
    assert sorted(names) == sorted((f"{number}.ndjson",) for number in range(1, made + 1))
