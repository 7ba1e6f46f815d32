"""Collections: created, shown, listed, renamed and deleted."""

from typing import Any

import pytest

from tests.builders.events import answer, error_answer, http_event
from tests.builders.functions import TIME_OF_ANY, Functions

UNCACHED = {"x-cache": "bypass"}
NO_SETTINGS = {"synonyms": [], "stop_words": [], "pins": [], "field_weights": {"title": 3.0, "body": 1.0}}


def listed(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "language": "english",
        "chunking": "headings",
        "embedding_template": ["title", "headings", "text"],
        "model": "all-MiniLM-L6-v2",
        "dimensions": 384,
        "created_at": TIME_OF_ANY,
        "updated_at": TIME_OF_ANY,
        "documents": 0,
        "chunks": 0,
        "pending": 0,
        "failed": 0,
        "ttl_seconds": None,
        "max_documents": None,
        "embedding": None,
        **changes,
    }


def shown(name: str, **changes: Any) -> dict[str, Any]:
    return listed(name, **{"settings": NO_SETTINGS, **changes})


def create(functions: Functions, name: str, **fields: object) -> dict[str, Any]:
    return functions("collections_create", http_event("POST", "/v1/collections", {"name": name, **fields}))


def missing(name: str) -> dict[str, Any]:
    return error_answer(
        404,
        "collection_not_found",
        "There is no collection of that name.",
        "not_found",
        [{"field": "collection", "message": f"no {name}"}],
    )


def taken(name: str) -> dict[str, Any]:
    return error_answer(
        409,
        "collection_exists",
        "There is already a collection of that name.",
        "conflict",
        [{"field": "name", "message": f"{name} is taken"}],
    )


def test_a_collection_is_created_once(functions: Functions) -> None:
    assert create(functions, "guides") == answer(201, shown("guides"))
    assert create(functions, "guides") == taken("guides")
    assert create(functions, "Guides", language="simple") == answer(201, shown("Guides", language="simple"))


def test_an_unknown_language_creates_nothing(functions: Functions) -> None:
    assert create(functions, "guides", language="klingon") == error_answer(
        422,
        "unknown_language",
        "The database has no text search configuration of that name.",
        "invalid_request",
        [{"field": "language", "message": "no text search configuration named klingon"}],
    )
    assert functions("collections_get", http_event("GET", "/v1/collections/guides")) == missing("guides")


def test_a_collection_shows_its_counts(functions: Functions) -> None:
    create(functions, "guides")
    documents = [{"id": "a", "body": "One text."}, {"id": "b", "title": "Two"}, {"id": "empty"}]
    path = "/v1/collections/guides"
    functions("documents_upsert", http_event("POST", f"{path}/documents", {"documents": documents}))
    counted = shown("guides", documents=3, chunks=2, pending=2)
    assert functions("collections_get", http_event("GET", path)) == answer(200, counted, **UNCACHED)
    functions("documents_delete", http_event("DELETE", f"{path}/documents/a"))
    counted = shown("guides", documents=2, chunks=1, pending=1)
    assert functions("collections_get", http_event("GET", path)) == answer(200, counted, **UNCACHED)


def test_collections_are_listed_by_name_a_page_at_a_time(functions: Functions) -> None:
    for name in ("b", "B", "a", "~", "0", "a.b"):
        create(functions, name)
    in_order = ["0", "B", "a", "a.b", "b", "~"]
    whole = functions("collections_list", http_event("GET", "/v1/collections"))
    expected = {"collections": [listed(name) for name in in_order], "cursor": None}
    assert whole == answer(200, expected, **UNCACHED)
    names, query = [], "limit=4"
    for expected_count in (4, 2):
        page = functions("collections_list", http_event("GET", "/v1/collections", query=query))["body"]
        assert len(page["collections"]) == expected_count
        names += [collection["name"] for collection in page["collections"]]
        query = f"limit=4&cursor={page['cursor']}"
    assert names == in_order
    assert page["cursor"] is None


def test_a_page_that_ends_with_the_last_collection_has_no_cursor(functions: Functions) -> None:
    create(functions, "a")
    page = functions("collections_list", http_event("GET", "/v1/collections", query="limit=1"))
    assert page == answer(200, {"collections": [listed("a")], "cursor": None}, **UNCACHED)


def test_a_collection_is_renamed_with_its_documents(functions: Functions) -> None:
    create(functions, "guides")
    create(functions, "other")
    functions(
        "documents_upsert",
        http_event("POST", "/v1/collections/guides/documents", {"documents": [{"id": "a", "body": "Text"}]}),
    )

    def rename(name: str, new_name: str) -> dict[str, Any]:
        event = http_event("PATCH", f"/v1/collections/{name}", {"name": new_name})
        return functions("collections_update", event)

    counted = shown("manuals", documents=1, chunks=1, pending=1)
    assert rename("guides", "manuals") == answer(200, counted)
    assert rename("manuals", "manuals") == answer(200, counted)
    assert rename("guides", "x") == missing("guides")
    assert rename("manuals", "other") == taken("other")
    found = functions("documents_get", http_event("GET", "/v1/collections/manuals/documents/a"))
    assert found["statusCode"] == 200
    assert functions("collections_get", http_event("GET", "/v1/collections/guides")) == missing("guides")
    assert functions("collections_get", http_event("GET", "/v1/collections/manuals")) == answer(
        200, counted, **UNCACHED
    )


def test_a_deleted_collection_is_gone_at_once_and_its_name_free(functions: Functions) -> None:
    create(functions, "guides")
    path = "/v1/collections/guides"
    documents = {"documents": [{"id": "a", "body": "An old text."}]}
    functions("documents_upsert", http_event("POST", f"{path}/documents", documents))
    assert functions("collections_delete", http_event("DELETE", path)) == answer(204, None)
    assert functions("collections_delete", http_event("DELETE", path)) == missing("guides")
    assert functions("collections_get", http_event("GET", path)) == missing("guides")
    assert functions("documents_get", http_event("GET", f"{path}/documents/a")) == missing("guides")
    search = http_event("POST", f"{path}/search", {"q": "old", "mode": "keyword"})
    assert functions("documents_search", search) == missing("guides")
    assert create(functions, "guides") == answer(201, shown("guides"))
    assert functions("documents_search", search)["body"]["hits"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a%2Fb"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "caf\u00e9"}, "name"),
        ({"name": "x" * 257}, "name"),
        ('{"name": "\\ud800"}', "name"),
        ({"name": "a", "language": "English"}, "language"),
        ({"name": "a", "language": "english'; --"}, "language"),
        ({"name": "a", "language": "\x00"}, "language"),
        ({"name": "a", "language": None}, "language"),
        ({"name": "a", "size": 3}, "size"),
        ([], "body"),
        ("3", "body"),
        (None, "body"),
    ],
)
def test_what_no_collection_can_be_made_of(functions: Functions, body: object, field: str) -> None:
    refused = functions("collections_create", http_event("POST", "/v1/collections", body))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["code"] == "invalid_request"
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]
    created = functions("collections_list", http_event("GET", "/v1/collections"))
    assert created["body"]["collections"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"name": "a b"}, "name"),
        ({"name": None}, "name"),
        ({"settings": None}, "settings"),
        ({"name": "a", "x": 1}, "x"),
    ],
)
def test_what_no_collection_can_be_renamed_to(functions: Functions, body: object, field: str) -> None:
    create(functions, "guides")
    refused = functions("collections_update", http_event("PATCH", "/v1/collections/guides", body))
    assert refused["statusCode"] == 422
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]
