"""The audit: what every write leaves behind, in its own transaction."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow

from shared.database.units_of_work import MOST_OBJECTS_NAMED
from shared.domain.principals import Permission
from shared.http.paging import encode_cursor
from tests.builders.events import http_event, schedule_event
from tests.builders.functions import Functions

GUIDES = "/v1/collections/guides"

type ListEntries = Callable[..., Any]


def entries(database: psycopg.Connection[TupleRow]) -> list[tuple[Any, ...]]:
    return database.execute(
        "SELECT principal, action, collection, objects, object_count FROM concord.audit_entry ORDER BY id"
    ).fetchall()


def test_each_write_leaves_one_entry(functions: Functions, database: psycopg.Connection[TupleRow]) -> None:
    documents = [{"id": name, "body": f"About {name}."} for name in ("a", "b", "c")]
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", {"documents": documents}))
    functions("documents_update", http_event("PATCH", f"{GUIDES}/documents/a", {"title": "A"}))
    functions("documents_delete", http_event("DELETE", f"{GUIDES}/documents/b"))
    functions(
        "documents_delete_by_filter", http_event("POST", f"{GUIDES}/documents/delete", {"filter": 'id = "c"'})
    )
    functions("aliases_put", http_event("PUT", "/v1/aliases/manual", {"collection": "guides"}))
    functions("aliases_delete", http_event("DELETE", "/v1/aliases/manual"))
    functions("collections_update", http_event("PATCH", GUIDES, {"name": "manuals"}))
    functions("collections_delete", http_event("DELETE", "/v1/collections/manuals"))
    assert entries(database) == [
        ("admin", "collections.create", "guides", ["guides"], 1),
        ("admin", "documents.upsert", "guides", ["a", "b", "c"], 3),
        ("admin", "documents.update", "guides", ["a"], 1),
        ("admin", "documents.delete", "guides", ["b"], 1),
        ("admin", "documents.delete_by_filter", "guides", [], 1),
        ("admin", "aliases.put", "guides", ["manual"], 1),
        ("admin", "aliases.delete", None, ["manual"], 1),
        ("admin", "collections.update", "guides", ["manuals"], 1),
        ("admin", "collections.delete", "manuals", [], 0),
    ]


def test_keys_that_are_made_and_replaced_are_named(
    functions: Functions, database: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
    body = {"actions": ["documents:read"], "collections": ["*"]}
    first = functions("keys_create", http_event("POST", "/v1/keys", body))["body"]
    second = functions("keys_create", http_event("POST", "/v1/keys", {"replaces": first["id"]}))["body"]
    functions("keys_revoke", http_event("DELETE", f"/v1/keys/{second['id']}"))
    assert entries(database) == [
        ("admin", "keys.create", None, [first["id"]], 1),
        ("admin", "keys.create", None, [second["id"], first["id"]], 2),
        ("admin", "keys.revoke", None, [second["id"]], 1),
    ]


def test_an_entry_tells_of_the_request(functions: Functions, database: psycopg.Connection[TupleRow]) -> None:
    event = http_event("POST", "/v1/collections", {"name": "guides"})
    functions("collections_create", event)
    found = database.execute("SELECT request_id, address, outcome FROM concord.audit_entry").fetchall()
    assert found == [(event["requestContext"]["requestId"], "203.0.113.7", "done")]


def test_what_was_not_written_is_not_in_it(
    functions: Functions, database: psycopg.Connection[TupleRow]
) -> None:
    event = http_event("POST", "/v1/collections", {"name": "guides"})
    functions("collections_create", event)
    assert functions("collections_create", event)["statusCode"] == 409
    functions("documents_search", http_event("POST", f"{GUIDES}/search", {"q": "words"}))
    assert functions("documents_delete", http_event("DELETE", f"{GUIDES}/documents/a"))["statusCode"] == 404
    assert len(entries(database)) == 1


def test_without_its_entry_nothing_is_written(
    functions: Functions, database: psycopg.Connection[TupleRow]
) -> None:
    database.execute("ALTER TABLE concord.audit_entry ADD CHECK (action <> 'collections.create')")
    event = http_event("POST", "/v1/collections", {"name": "guides"})
    assert functions("collections_create", event)["statusCode"] == 500
    assert database.execute("SELECT FROM concord.collection").fetchall() == []


def test_of_many_the_first_are_named(functions: Functions, database: psycopg.Connection[TupleRow]) -> None:
    documents = [{"id": f"{place:03}", "body": "Words."} for place in range(MOST_OBJECTS_NAMED + 20)]
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", {"documents": documents}))
    (*_, objects, count) = entries(database)[-1]
    assert objects == [document["id"] for document in documents[:MOST_OBJECTS_NAMED]]
    assert count == len(documents)


def test_what_a_filter_deletes_is_counted(
    functions: Functions, database: psycopg.Connection[TupleRow]
) -> None:
    documents = [{"id": name, "body": "Words.", "metadata": {"year": 2020}} for name in "ab"]
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", {"documents": documents}))
    functions(
        "documents_delete_by_filter",
        http_event("POST", f"{GUIDES}/documents/delete", {"filter": "year = 2020"}),
    )
    assert entries(database)[-1] == ("admin", "documents.delete_by_filter", "guides", [], 2)


def test_workers_are_in_it(functions: Functions, database: psycopg.Connection[TupleRow]) -> None:
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    document = {"id": "a", "body": "Words.", "expires_at": "2100-01-01T00:00:00Z"}
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", {"documents": [document]}))
    database.execute("UPDATE concord.document SET expires_at = now()")
    functions.process("documents_expire", schedule_event())
    functions("collections_delete", http_event("DELETE", GUIDES))
    functions.process("indexes_maintain", schedule_event())
    assert [entry for entry in entries(database) if entry[0] == "worker"] == [
        ("worker", "documents.expire", "guides", [], 1),
        ("worker", "collections.purge", "guides", [], 0),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE concord.audit_entry SET principal = 'another'",
        "DELETE FROM concord.audit_entry",
        "TRUNCATE concord.audit_entry",
    ],
)
def test_nobody_changes_it(functions: Functions, database: psycopg.Connection[TupleRow], change: str) -> None:
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        database.execute(change.encode())
    assert len(entries(database)) == 1


def test_maintenance_forgets_what_is_old(
    functions: Functions, database: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "30")
    for name, days in (("old", 31), ("young", 29)):
        database.execute(
            "INSERT INTO concord.audit_entry (principal, action, written_at)"
            " VALUES ('admin', %s, now() - make_interval(days => %s))",
            [name, days],
        )
        database.execute(
            "INSERT INTO concord.idempotent_request"
            " (principal, route, key, fingerprint, holder, lease_until, created_at)"
            " VALUES ('admin', 'route', %s, '', '', now(), now() - make_interval(hours => %s))",
            [name, 25 if name == "old" else 23],
        )
    functions.process("indexes_maintain", schedule_event())
    assert [action for _, action, *_ in entries(database)] == ["young"]
    assert database.execute("SELECT key FROM concord.idempotent_request").fetchall() == [("young",)]


@pytest.fixture
def listed(functions: Functions) -> ListEntries:
    """The audit has five entries, of which the last is in no collection."""
    for name in ("guides", "secrets"):
        functions("collections_create", http_event("POST", "/v1/collections", {"name": name}))
    document = {"id": "a", "body": "Words."}
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", {"documents": [document]}))
    functions("aliases_put", http_event("PUT", "/v1/aliases/manual", {"collection": "guides"}))
    functions("aliases_delete", http_event("DELETE", "/v1/aliases/manual"))

    def ask(query: str = "", key: str | None = None, status: int = 200) -> Any:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        answer = functions("audit_list", http_event("GET", "/v1/audit", query=query, headers=headers))
        assert answer["statusCode"] == status, answer
        return answer["body"]

    return ask


@pytest.fixture
def make_key(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")

    def make(*collections: str, action: str = "audit:read") -> str:
        body = {"actions": [action], "collections": collections}
        made = functions("keys_create", http_event("POST", "/v1/keys", body))
        key: str = made["body"]["key"]
        return key

    return make


def actions(answer: Any) -> list[str]:
    return [entry["action"] for entry in answer["entries"]]


def test_the_newest_entries_are_listed_first(listed: ListEntries) -> None:
    answer = listed()
    assert actions(answer) == [
        "aliases.delete",
        "aliases.put",
        "documents.upsert",
        "collections.create",
        "collections.create",
    ]
    assert answer["cursor"] is None
    entry = answer["entries"][2]
    assert isinstance(entry.pop("id"), int)
    assert entry.pop("request_id")
    assert datetime.fromisoformat(entry.pop("written_at")) <= datetime.now(UTC)
    assert entry == {
        "principal": "admin",
        "action": "documents.upsert",
        "collection": "guides",
        "objects": ["a"],
        "object_count": 1,
        "address": "203.0.113.7",
        "outcome": "done",
    }


def test_entries_are_listed_page_by_page(listed: ListEntries) -> None:
    everything = listed()["entries"]
    first = listed("limit=2")
    second = listed(f"limit=2&cursor={first['cursor']}")
    third = listed(f"limit=2&cursor={second['cursor']}")
    assert [*first["entries"], *second["entries"], *third["entries"]] == everything
    assert third["cursor"] is None


def test_entries_are_listed_by_what_is_asked_for(
    listed: ListEntries, database: psycopg.Connection[TupleRow]
) -> None:
    for day, principal in ((1, "key:ada"), (2, "key:bo")):
        database.execute(
            "INSERT INTO concord.audit_entry (principal, action, collection, written_at)"
            " VALUES (%s, 'exports.create', 'guides', %s)",
            [principal, datetime(2026, 1, day, tzinfo=UTC)],
        )
    assert actions(listed("principal=key:bo")) == ["exports.create"]
    assert actions(listed("action=collections.create&principal=admin")) == ["collections.create"] * 2
    assert actions(listed("collection=secrets")) == ["collections.create"]
    assert len(listed("since=2026-01-02T00:00:00Z")["entries"]) == 6
    (early,) = listed("until=2026-01-02T00:00:00Z")["entries"]
    assert early["principal"] == "key:ada"
    (late,) = listed("since=2026-01-01T00:00:01Z&until=2026-01-02T01:00:01%2B01:00")["entries"]
    assert late["principal"] == "key:bo"
    assert listed("principal=nobody") == {"entries": [], "cursor": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=nothing", "cursor"),
        (f"cursor={encode_cursor('one')}", "cursor"),
        (f"cursor={encode_cursor('-1')}", "cursor"),
        (f"cursor={encode_cursor('²')}", "cursor"),
        (f"cursor={encode_cursor(str(2**63))}", "cursor"),
        ("since=yesterday", "since"),
        ("until=2026-01-02", "until"),
        ("principal=%00", "principal"),
        ("action=%00", "action"),
        ("collection=a/b", "collection"),
        ("limit=0", "limit"),
    ],
)
def test_what_cannot_be_asked_for_is_named(listed: ListEntries, query: str, field: str) -> None:
    error = listed(query, status=422)["error"]
    assert error["details"][0]["field"] == field


def test_the_greatest_cursor_is_one(listed: ListEntries) -> None:
    assert len(listed(f"cursor={encode_cursor(str(2**63 - 1))}")["entries"]) == 5


def test_the_audit_is_read_by_those_who_may(listed: ListEntries, make_key: Callable[..., str]) -> None:
    others = set(Permission) - {Permission.AUDIT_READ, Permission.MAINTENANCE}
    for permission in others:
        error = listed(key=make_key("*", action=permission), status=403)["error"]
        assert error["details"] == [{"field": "authorization", "message": "audit:read"}]
    assert len(listed(key=make_key("*"))["entries"]) == 5 + len(others) + 1


def test_a_key_for_some_collections_sees_entries_of_those(
    listed: ListEntries, make_key: Callable[..., str]
) -> None:
    key = make_key("guides", "man*")
    found = listed(key=key)
    assert {entry["collection"] for entry in found["entries"]} == {"guides"}
    assert actions(found) == ["aliases.put", "documents.upsert", "collections.create"]
    assert listed("action=aliases.delete", key=key)["entries"] == []
    for collection in ("secrets", "nowhere"):
        error = listed(f"collection={collection}", key=key, status=403)["error"]
        assert error["details"][0]["field"] == "collection"
