"""ETag, If-None-Match and If-Match: what was read before is not sent again, and not overwritten unseen."""

import hashlib
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.builders.events import error_answer, http_event
from tests.builders.functions import Functions
from tests.builders.redis import RedisServer
from tests.builders.writers_at_once import write_at_once

GUIDES = "/v1/collections/guides"
DOCUMENT = f"{GUIDES}/documents/a"
CHANGED = error_answer(
    412,
    "precondition_failed",
    "It was changed since it was read.",
    "conflict",
    [{"field": "if-match", "message": "is not the tag of what is stored; read it again"}],
)


@pytest.fixture
def library(functions: Functions) -> Functions:
    """The collection `guides` with the document `a`."""
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    documents = {"documents": [{"id": "a", "body": "Words."}]}
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", documents))
    return functions


def get(functions: Functions, path: str, **headers: str) -> dict[str, Any]:
    name = "documents_get" if "documents" in path else "collections_get"
    event = http_event("GET", path, headers={key.replace("_", "-"): text for key, text in headers.items()})
    return functions(name, event, raw=True)


def tag(functions: Functions, path: str) -> str:
    return str(get(functions, path)["headers"]["etag"])


def change(
    functions: Functions, path: str, body: dict[str, Any], if_match: str | None, *, raw: bool = False
) -> dict[str, Any]:
    name = "documents_update" if "documents" in path else "collections_update"
    headers = {} if if_match is None else {"if-match": if_match}
    return functions(name, http_event("PATCH", path, body, headers=headers), raw=raw)


def test_a_write_answers_with_the_tag_of_what_it_made(functions: Functions) -> None:
    event = http_event("POST", "/v1/collections", {"name": "guides"})
    created = functions("collections_create", event, raw=True)
    assert created["headers"]["etag"] == tag(functions, GUIDES)
    documents = {"documents": [{"id": "a", "body": "Words."}]}
    functions("documents_upsert", http_event("POST", f"{GUIDES}/documents", documents))
    changed = change(functions, DOCUMENT, {"title": "A"}, None, raw=True)
    assert changed["headers"]["etag"] == tag(functions, DOCUMENT)
    changed = change(functions, GUIDES, {"ttl_seconds": 60}, None, raw=True)
    assert changed["headers"]["etag"] == tag(functions, GUIDES)


@pytest.mark.parametrize("path", [DOCUMENT, GUIDES])
def test_what_the_caller_has_is_not_sent_again(library: Functions, path: str) -> None:
    first = get(library, path)
    for known in (first["headers"]["etag"], f'"other", {first["headers"]["etag"]}', "*"):
        again = get(library, path, if_none_match=known)
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["etag"] == first["headers"]["etag"]
    assert get(library, path, if_none_match='"other"')["body"] == first["body"]


def test_every_part_of_a_document_changes_its_tag(library: Functions) -> None:
    parts: list[dict[str, Any]] = [
        {"title": "A"},
        {"body": "Other words."},
        {"url": "https://example.com"},
        {"metadata": {"n": 1}},
        {"readers": ["user:ada"]},
        {"expires_at": "2099-01-01T00:00:00Z"},
    ]
    tags = [tag(library, DOCUMENT)]
    for part in parts:
        # Each is meant for what the one before has made.
        assert change(library, DOCUMENT, part, tags[-1])["statusCode"] == 200, part
        tags.append(tag(library, DOCUMENT))
    assert all(before != after for before, after in itertools.pairwise(tags))
    # What is written as it is stays as it is.
    assert change(library, DOCUMENT, parts[0], tags[-1])["statusCode"] == 200
    assert tag(library, DOCUMENT) == tags[-1]


def test_cached_answers_have_their_tags(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
        first, again = get(functions, GUIDES), get(functions, GUIDES)
        assert (first["headers"]["x-cache"], again["headers"]["x-cache"]) == ("miss", "hit")
        assert (again["body"], again["headers"]["etag"]) == (first["body"], first["headers"]["etag"])
        kept = get(functions, GUIDES, if_none_match=first["headers"]["etag"])
        assert (kept["statusCode"], kept["headers"]["x-cache"]) == (304, "hit")


def test_callers_who_are_shown_something_else_have_another_tag(
    library: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers are not told who else reads, and a document's tag for one is none for another."""
    change(library, DOCUMENT, {"readers": ["user:ada", "user:bob"]}, None)
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(b"admin").hexdigest())
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
    library.close_http()
    as_admin = {"authorization": "Bearer admin"}
    wanted = {"actions": ["documents:read"], "collections": ["guides"], "readers": ["user:ada"]}
    made = library("keys_create", http_event("POST", "/v1/keys", wanted, headers=as_admin))
    as_ada = {"authorization": f"Bearer {made['body']['key']}"}
    whole, part = get(library, DOCUMENT, **as_admin), get(library, DOCUMENT, **as_ada)
    assert whole["headers"]["etag"] != part["headers"]["etag"]
    crossed = get(library, DOCUMENT, **as_ada, if_none_match=whole["headers"]["etag"])
    assert (crossed["statusCode"], crossed["body"]) == (200, part["body"])


def test_a_write_that_is_sent_again_is_answered_again(library: Functions) -> None:
    """Though what it was meant for is no more; with another tag it is another write."""
    before = tag(library, DOCUMENT)
    headers = {"idempotency-key": "once", "if-match": before}
    event = http_event("PATCH", DOCUMENT, {"title": "A"}, headers=headers)
    first, again = (library("documents_update", event, raw=True) for _ in range(2))
    assert (again["statusCode"], again["headers"]["idempotency-replayed"]) == (200, "true")
    assert (again["body"], again["headers"]["etag"]) == (first["body"], first["headers"]["etag"])
    headers["if-match"] = first["headers"]["etag"]
    other = library("documents_update", http_event("PATCH", DOCUMENT, {"title": "A"}, headers=headers))
    assert (other["statusCode"], other["body"]["error"]["code"]) == (422, "idempotency_key_reused")


def test_a_rename_is_meant_for_what_was_read(library: Functions) -> None:
    before = tag(library, GUIDES)
    assert change(library, GUIDES, {"ttl_seconds": 60}, None)["statusCode"] == 200
    assert change(library, GUIDES, {"name": "manuals"}, before) == CHANGED
    assert change(library, GUIDES, {"name": "manuals"}, tag(library, GUIDES))["statusCode"] == 200


def test_no_version_comes_again_though_the_clock_is_set_back(library: Functions, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE concord.document SET updated_at = now() + interval '1 day'")
    before = json.loads(get(library, DOCUMENT)["body"])["updated_at"]
    change(library, DOCUMENT, {"title": "A"}, None)
    after = json.loads(get(library, DOCUMENT)["body"])["updated_at"]
    assert datetime.fromisoformat(after) - datetime.fromisoformat(before) == timedelta(microseconds=1)


def test_a_tag_changes_with_what_is_shown(library: Functions, database_url: str) -> None:
    before = tag(library, DOCUMENT)
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM concord.embedding_job")
    # An embedding has landed, which no writer has to know of.
    after = tag(library, DOCUMENT)
    assert after != before
    assert change(library, DOCUMENT, {"title": "A"}, before)["statusCode"] == 200
    assert get(library, DOCUMENT, if_none_match=after)["statusCode"] == 200


@pytest.mark.parametrize("path", [DOCUMENT, GUIDES])
def test_what_was_changed_meanwhile_is_not_changed(library: Functions, path: str) -> None:
    body: dict[str, Any] = {"title": "A"} if path == DOCUMENT else {"ttl_seconds": 60}
    other: dict[str, Any] = {"title": "B"} if path == DOCUMENT else {"ttl_seconds": 61}
    before = tag(library, path)
    assert change(library, path, body, before)["statusCode"] == 200
    assert change(library, path, other, before) == CHANGED
    assert change(library, path, other, f"W/{tag(library, path)}") == CHANGED
    assert change(library, path, other, f'"else", {tag(library, path)}')["statusCode"] == 200
    assert change(library, path, body, "*")["statusCode"] == 200


@pytest.mark.parametrize(("name", "path"), [("documents_delete", DOCUMENT), ("collections_delete", GUIDES)])
def test_what_was_changed_meanwhile_is_not_deleted(library: Functions, name: str, path: str) -> None:
    before = tag(library, path)
    change(library, path, {"title": "A"} if path == DOCUMENT else {"ttl_seconds": 60}, None)

    def delete(if_match: str) -> dict[str, Any]:
        return library(name, http_event("DELETE", path, headers={"if-match": if_match}))

    assert delete(before) == CHANGED
    assert delete(tag(library, path))["statusCode"] == 204
    assert delete(before)["statusCode"] == 404


@pytest.mark.parametrize("text", ["", "bare", '"open', '"a" "b"'])
def test_a_tag_has_a_form(library: Functions, text: str) -> None:
    assert change(library, DOCUMENT, {"title": "A"}, text) == malformed("if-match")
    read = library("documents_get", http_event("GET", DOCUMENT, headers={"if-none-match": text}))
    assert read == malformed("if-none-match")


def malformed(header: str) -> dict[str, Any]:
    message = 'has to be * or entity tags in double quotes, such as "1a2b-3c4d"'
    form = "The request does not have the expected form."
    return error_answer(
        422, "invalid_request", form, "invalid_request", [{"field": header, "message": message}]
    )


@pytest.mark.parametrize("path", [DOCUMENT, GUIDES])
def test_of_two_at_once_one_is_refused(library: Functions, database_url: str, path: str) -> None:
    """Both have read the same; the database holds them until both are there."""
    before = tag(library, path)
    answers: list[int] = []

    def write(value: int) -> None:
        own = Functions()
        body: dict[str, Any] = {"title": str(value)} if path == DOCUMENT else {"ttl_seconds": value}
        answers.append(change(own, path, body, before)["statusCode"])
        own.close()

    write_at_once(
        database_url,
        write,
        (60, 61),
        held_by=[
            "SELECT FROM concord.collection FOR UPDATE",
            "LOCK TABLE concord.document, concord.keyword_retired IN ACCESS EXCLUSIVE MODE",
        ],
    )
    assert sorted(answers) == [200, 412]
