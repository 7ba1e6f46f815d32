"""Documents and collections that say when documents expire."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.errors import InvalidRequest
from tests.builders.embedding_state import execute
from tests.builders.events import http_event, schedule_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_documents import DOCUMENTS, items
from tests.functions.test_imports import Imports, counts, lines

GUIDES = "/v1/collections/guides"
LATER = "2036-01-31T12:00:00Z"
WEEK = 7 * 24 * 60 * 60


def document(functions: Functions, id: str = "a") -> dict[str, Any]:  # noqa: A002 - its field's name
    found: dict[str, Any] = functions("documents_get", http_event("GET", f"{DOCUMENTS}/{id}"), raw=True)
    body: dict[str, Any] = json.loads(found["body"])
    return body


def expiry(functions: Functions, id: str = "a") -> tuple[str | None, bool]:  # noqa: A002
    shown = document(functions, id)
    return shown["expires_at"], shown["expires_by_ttl"]


def patch(functions: Functions, id: str, change: object) -> dict[str, Any]:  # noqa: A002
    return functions("documents_update", http_event("PATCH", f"{DOCUMENTS}/{id}", change))


def reshape(functions: Functions, **change: object) -> dict[str, Any]:
    return functions("collections_update", http_event("PATCH", GUIDES, change))


def assert_expires_in_a_week(functions: Functions, id: str = "a") -> None:  # noqa: A002
    expires_at, by_ttl = expiry(functions, id)
    assert expires_at is not None
    left = datetime.fromisoformat(expires_at) - datetime.now(UTC)
    assert timedelta(days=6, hours=23, minutes=55) < left <= timedelta(days=7)
    assert by_ttl


def test_a_document_says_when_it_expires(functions: Functions, guides: Upsert) -> None:
    sent = {"id": "a", "body": "Lanterns.", "expires_at": LATER}
    assert guides(sent) == items(("a", "created"))
    assert expiry(functions) == (LATER, False)
    listed = functions("documents_list", http_event("GET", DOCUMENTS), raw=True)
    assert json.loads(listed["body"])["documents"] == [document(functions)]
    # The same moment on another clock, and another moment.
    assert guides({**sent, "expires_at": "2036-01-31T14:00:00+02:00"}) == items(("a", "unchanged"))
    assert guides({**sent, "expires_at": "2036-01-31T14:00:00Z"}) == items(("a", "updated"))
    assert expiry(functions) == ("2036-01-31T14:00:00Z", False)
    assert guides({"id": "a", "body": "Lanterns."}) == items(("a", "updated"))
    assert expiry(functions) == (None, False)


def test_only_the_time_changes(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "body": "Lanterns."})
    functions.process("chunks_embed", {"schedule": "now"})
    assert document(functions)["embedding_state"] == "ready"
    guides({"id": "a", "body": "Lanterns.", "expires_at": LATER})
    assert document(functions)["embedding_state"] == "ready"
    assert patch(functions, "a", {"expires_at": None})["statusCode"] == 200
    assert (document(functions)["embedding_state"], *expiry(functions)) == ("ready", None, False)


def test_a_change_of_parts_keeps_and_removes_the_time(functions: Functions, guides: Upsert) -> None:
    guides({"id": "a", "body": "Lanterns."})
    assert patch(functions, "a", {"expires_at": LATER})["statusCode"] == 200
    assert expiry(functions) == (LATER, False)
    assert patch(functions, "a", {"title": "Light"})["statusCode"] == 200
    assert expiry(functions) == (LATER, False)
    assert patch(functions, "a", {"expires_at": None})["body"]["expires_at"] is None
    assert expiry(functions) == (None, False)


@pytest.mark.parametrize(
    ("expires_at", "message"),
    [
        ("2036-01-31T12:00:00", "Input should have timezone info"),
        ("2020-01-31T12:00:00Z", "must be in the future"),
        ("soon", "must be a date and time with an offset, as in 2027-01-31T12:00:00Z"),
        (2_085_000_000, "must be a date and time with an offset, as in 2027-01-31T12:00:00Z"),
        ("2085000000", "must be a date and time with an offset, as in 2027-01-31T12:00:00Z"),
        ("2036-02-30T12:00:00Z", "day value is outside expected range"),
        ("9999-12-31T23:59:59Z", "must be within the year 9998; null is for ever"),
        ("0001-01-01T00:00:00+14:00", "must be within the years from 1"),
    ],
)
def test_what_no_time_can_be(functions: Functions, guides: Upsert, expires_at: object, message: str) -> None:
    answered = guides({"id": "a", "expires_at": expires_at}, {"id": "b"})
    assert [item["status"] for item in answered["body"]["items"]] == ["failed", "created"]
    [detail] = answered["body"]["items"][0]["error"]["details"]
    assert detail["field"] == "expires_at"
    assert message in detail["message"]
    refused = patch(functions, "b", {"expires_at": expires_at})
    assert refused["statusCode"] == 422
    [detail] = refused["body"]["error"]["details"]
    assert detail["field"] == "expires_at"
    assert message in detail["message"]


def test_every_write_moves_the_expiry_on(functions: Functions, guides: Upsert, database_url: str) -> None:
    guides({"id": "a", "body": "Lanterns."}, {"id": "own", "expires_at": LATER})
    assert reshape(functions, ttl_seconds=WEEK)["body"]["ttl_seconds"] == WEEK
    assert expiry(functions) == (None, False)
    written = ({"id": "a", "body": "Lanterns."}, {"id": "own", "expires_at": LATER}, {"id": "b"})
    assert guides(*written) == items(("a", "unchanged"), ("own", "unchanged"), ("b", "created"))
    assert_expires_in_a_week(functions, "a")
    assert_expires_in_a_week(functions, "b")
    assert expiry(functions, "own") == (LATER, False)
    writes: list[Callable[[], dict[str, Any]]] = [
        lambda: guides({"id": "a", "body": "Lanterns."}),
        lambda: patch(functions, "a", {"body": "Lanterns."}),
        lambda: patch(functions, "a", {"title": "Light"}),
        lambda: guides({"id": "a", "body": "Lamps."}),
    ]
    for write in writes:
        _expires_in_an_hour(database_url)
        assert write()["statusCode"] == 200
        assert_expires_in_a_week(functions, "a")
    assert patch(functions, "own", {"expires_at": None})["statusCode"] == 200
    assert_expires_in_a_week(functions, "own")


def test_without_a_ttl_what_is_written_stays_again(functions: Functions, guides: Upsert) -> None:
    reshape(functions, ttl_seconds=WEEK)
    guides({"id": "a", "body": "Lanterns."}, {"id": "b", "body": "Lamps."}, {"id": "c", "body": "Lights."})
    assert reshape(functions, ttl_seconds=None)["body"]["ttl_seconds"] is None
    assert_expires_in_a_week(functions, "a")
    written = ({"id": "a", "body": "Lanterns."}, {"id": "b", "body": "Lamps"})
    assert guides(*written) == items(("a", "unchanged"), ("b", "updated"))
    assert (expiry(functions, "a"), expiry(functions, "b")) == ((None, False), (None, False))
    assert_expires_in_a_week(functions, "c")


def test_a_collection_is_created_with_a_ttl(functions: Functions) -> None:
    created = functions(
        "collections_create", http_event("POST", "/v1/collections", {"name": "news", "ttl_seconds": 60})
    )
    assert (created["statusCode"], created["body"]["ttl_seconds"]) == (201, 60)
    found = functions("collections_get", http_event("GET", "/v1/collections/news"))
    assert found["body"]["ttl_seconds"] == 60
    listed = functions("collections_list", http_event("GET", "/v1/collections"))
    assert [collection["ttl_seconds"] for collection in listed["body"]["collections"]] == [60]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize("ttl_seconds", [59, 315_360_001, "600", 60.5, True])
def test_what_no_ttl_can_be(functions: Functions, ttl_seconds: object) -> None:
    for refused in (
        functions(
            "collections_create",
            http_event("POST", "/v1/collections", {"name": "news", "ttl_seconds": ttl_seconds}),
        ),
        reshape(functions, ttl_seconds=ttl_seconds),
    ):
        assert refused["statusCode"] == 422
        assert [detail["field"] for detail in refused["body"]["error"]["details"]] == ["ttl_seconds"]


def test_a_search_asks_for_the_time(functions: Functions, guides: Upsert) -> None:
    guides(
        {"id": "a", "body": "Lanterns.", "expires_at": "2035-01-01T00:00:00Z"},
        {"id": "b", "body": "Lanterns.", "expires_at": "2036-01-01T00:00:00Z"},
        {"id": "c", "body": "Lanterns."},
    )

    def found(**how: object) -> list[str]:
        body = {"q": "lanterns", "mode": "keyword", **how}
        answered = functions("documents_search", http_event("POST", f"{GUIDES}/search", body))
        assert answered["statusCode"] == 200, answered
        return [hit["document"]["id"] for hit in answered["body"]["hits"]]

    assert found(filter='expires_at < "2035-06-01"') == ["a"]
    assert found(filter="expires_at IS NULL") == ["c"]
    assert found(sort=["expires_at:desc"]) == ["b", "a", "c"]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize("kind", ["ndjson", "csv"])
def test_lines_of_imports_have_times(functions: Functions, tmp_path: Path, kind: str) -> None:
    documents = [
        {"id": "a", "body": "Lanterns.", "expires_at": LATER},
        {"id": "b", "body": "Lamps.", "expires_at": "2020-01-01T00:00:00Z"},
        {"id": "c", "body": "Lights."},
    ]
    content = _as_csv(documents) if kind == "csv" else lines(*documents)
    told = Imports(functions, tmp_path / "objects").run(format=kind, content=content, policy="coerce")
    assert counts(told) == (2, 0, 0, 1)
    [error] = told["errors"]
    assert (error["document_id"], error["message"]) == ("b", "expires_at: must be in the future")
    assert expiry(functions, "a") == (LATER, False)
    assert expiry(functions, "c") == (None, False)


def _as_csv(documents: list[dict[str, str]]) -> str:
    written = io.StringIO()
    table = csv.DictWriter(written, ["id", "body", "expires_at"])
    table.writeheader()
    table.writerows(documents)
    return written.getvalue()


def _expires_in_an_hour(database_url: str) -> None:
    execute(
        database_url,
        "UPDATE concord.document SET expires_at = now() + interval '1 hour' WHERE expires_by_ttl",
    )


def test_what_has_expired_is_removed_by_schedule(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides({"id": "a", "body": "Lanterns."}, {"id": "b", "body": "Lamps.", "expires_at": LATER})
    execute(database_url, "UPDATE concord.document SET expires_at = now() WHERE id = 'a'")
    event = {"schedule": "expire-documents"}
    report = {"collections": 1, "documents": 1, "complete": True}
    assert functions.process("documents_expire", event) == report
    nothing = {"collections": 0, "documents": 0, "complete": True}
    assert functions.process("documents_expire", schedule_event()) == nothing
    assert execute(database_url, "SELECT id FROM concord.document") == [("b",)]


def test_only_a_schedule_may_ask(functions: Functions) -> None:
    with pytest.raises(InvalidRequest, match="comes from no schedule"):
        functions.process("documents_expire", {"Records": []})
