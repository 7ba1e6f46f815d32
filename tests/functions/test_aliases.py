"""Aliases: a name that stands for a collection, and for another one from one moment to the next."""

from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import TIME_OF_ANY, Functions
from tests.builders.redis import RedisServer

ROOT = "/v1/collections"
ALIAS = "/v1/aliases/books"


def create(functions: Functions, name: str, body: str = "") -> None:
    functions("collections_create", http_event("POST", ROOT, {"name": name}))
    if body:
        upsert(functions, name, body)


def upsert(functions: Functions, name: str, body: str) -> dict[str, Any]:
    documents = [{"id": "river", "body": body, "metadata": {"shelf": 1}}]
    return functions(
        "documents_upsert", http_event("POST", f"{ROOT}/{name}/documents", {"documents": documents})
    )


def point(functions: Functions, collection: str, alias: str = ALIAS) -> dict[str, Any]:
    return functions("aliases_put", http_event("PUT", alias, {"collection": collection}))


def texts(functions: Functions, name: str, q: str = "river") -> list[str]:
    asked = {"q": q, "mode": "keyword", "filter": "shelf = 1"}
    answer = functions("documents_search", http_event("POST", f"{ROOT}/{name}/search", asked))
    return [hit["passages"][0]["text"] for hit in answer["body"]["hits"]]


def problems(answer: dict[str, Any]) -> tuple[int, str, list[dict[str, Any]]]:
    error = answer["body"]["error"]
    return answer["statusCode"], error["code"], error["details"]


def test_an_alias_is_given_shown_and_taken_away(functions: Functions) -> None:
    create(functions, "books_v1")
    given = {
        "alias": "books",
        "collection": "books_v1",
        "created_at": TIME_OF_ANY,
        "updated_at": TIME_OF_ANY,
    }
    assert (point(functions, "books_v1")["statusCode"], point(functions, "books_v1")["body"]) == (200, given)
    listed = functions("aliases_list", http_event("GET", "/v1/aliases"))
    assert listed["body"] == {"aliases": [given], "cursor": None}
    assert functions("aliases_delete", http_event("DELETE", ALIAS))["statusCode"] == 204
    gone = functions("aliases_delete", http_event("DELETE", ALIAS))
    assert problems(gone) == (404, "alias_not_found", [{"field": "alias", "message": "no books"}])
    assert functions("aliases_list", http_event("GET", "/v1/aliases"))["body"]["aliases"] == []


def test_aliases_are_listed_by_name_a_page_at_a_time(functions: Functions) -> None:
    create(functions, "books_v1")
    for name in ("c", "a", "b"):
        point(functions, "books_v1", f"/v1/aliases/{name}")
    first = functions("aliases_list", http_event("GET", "/v1/aliases", query="limit=2"))["body"]
    assert [given["alias"] for given in first["aliases"]] == ["a", "b"]
    rest = functions(
        "aliases_list", http_event("GET", "/v1/aliases", query=f"limit=2&cursor={first['cursor']}")
    )["body"]
    assert ([given["alias"] for given in rest["aliases"]], rest["cursor"]) == (["c"], None)


def test_whatever_names_a_collection_may_name_an_alias(functions: Functions) -> None:
    create(functions, "books_v1", "A river runs.")
    point(functions, "books_v1")
    assert texts(functions, "books") == ["A river runs."]
    assert upsert(functions, "books", "A river runs by.")["body"]["items"][0]["status"] == "updated"
    assert texts(functions, "books_v1") == texts(functions, "books") == ["A river runs by."]
    shown = functions("collections_get", http_event("GET", f"{ROOT}/books"))["body"]
    assert (shown["name"], shown["documents"]) == ("books_v1", 1)
    documents = f"{ROOT}/books/documents"
    assert functions("documents_get", http_event("GET", f"{documents}/river"))["statusCode"] == 200
    listed = functions("documents_list", http_event("GET", documents, query="filter=shelf=1"))["body"]
    assert [document["id"] for document in listed["documents"]] == ["river"]
    similar = functions("documents_similar", http_event("GET", f"{documents}/river/similar"))
    assert similar["body"]["hits"] == []
    suggested = functions("documents_suggest", http_event("GET", f"{ROOT}/books/suggest", query="q=riv"))
    assert [found["text"] for found in suggested["body"]["suggestions"]] == ["river"]
    several = functions(
        "documents_multi_search",
        http_event("POST", "/v1/search", {"searches": [{"collection": "books", "q": "river"}]}),
    )
    assert several["body"]["errors"] == 0
    changed = functions("documents_update", http_event("PATCH", f"{documents}/river", {"body": "Dry."}))
    assert changed["statusCode"] == 200
    settings = http_event("PATCH", f"{ROOT}/books", {"settings": {"stop_words": ["the"]}})
    assert functions("collections_update", settings)["body"]["name"] == "books_v1"
    deleted = functions(
        "documents_delete_by_filter", http_event("POST", f"{documents}/delete", {"filter": "shelf = 1"})
    )
    assert deleted["body"]["deleted"] == 1
    assert functions("documents_delete", http_event("DELETE", f"{documents}/river"))["statusCode"] == 404


def test_another_collection_answers_once_the_alias_is_given_to_it(functions: Functions) -> None:
    create(functions, "books_v1", "An old river.")
    create(functions, "books_v2", "A new river.")
    point(functions, "books_v1")
    assert texts(functions, "books") == ["An old river."]
    assert point(functions, "books_v2")["body"]["collection"] == "books_v2"
    assert texts(functions, "books") == ["A new river."]
    assert functions("collections_delete", http_event("DELETE", f"{ROOT}/books_v1"))["statusCode"] == 204
    assert texts(functions, "books") == ["A new river."]


def test_names_are_of_one_kind(functions: Functions) -> None:
    create(functions, "books_v1")
    create(functions, "films")
    point(functions, "books_v1")
    taken = [{"field": "name", "message": "books is taken"}]
    created = functions("collections_create", http_event("POST", ROOT, {"name": "books"}))
    assert problems(created) == (409, "collection_exists", taken)
    renamed = functions("collections_update", http_event("PATCH", f"{ROOT}/films", {"name": "books"}))
    assert problems(renamed) == (409, "collection_exists", taken)
    assert problems(point(functions, "books_v1", "/v1/aliases/films")) == (
        409,
        "collection_exists",
        [{"field": "alias", "message": "films is a collection"}],
    )


def test_a_collection_with_an_alias_stays(functions: Functions) -> None:
    create(functions, "books_v1", "A river.")
    point(functions, "books_v1")
    point(functions, "books_v1", "/v1/aliases/library")
    refused = functions("collections_delete", http_event("DELETE", f"{ROOT}/books_v1"))
    status, code, [detail] = problems(refused)
    assert (status, code, detail["field"]) == (409, "collection_in_use", "collection")
    assert "books, library" in detail["message"]
    assert texts(functions, "books") == ["A river."]


@pytest.mark.parametrize("collection", ["none", "books"])
def test_an_alias_stands_for_a_collection_that_there_is(functions: Functions, collection: str) -> None:
    """And not for another alias."""
    create(functions, "books_v1")
    point(functions, "books_v1")
    missing = [{"field": "collection", "message": f"no {collection}"}]
    answer = point(functions, collection, "/v1/aliases/library")
    assert problems(answer) == (404, "collection_not_found", missing)


def test_an_alias_is_neither_renamed_nor_deleted_like_a_collection(functions: Functions) -> None:
    create(functions, "books_v1")
    point(functions, "books_v1")
    deleted = functions("collections_delete", http_event("DELETE", f"{ROOT}/books"))
    renamed = functions("collections_update", http_event("PATCH", f"{ROOT}/books", {"name": "library"}))
    assert (deleted["statusCode"], renamed["statusCode"]) == (404, 404)
    assert functions("collections_get", http_event("GET", f"{ROOT}/books"))["statusCode"] == 200


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/aliases/a b", {"collection": "books_v1"}, "alias"),
        (ALIAS, {}, "collection"),
        (ALIAS, {"collection": None}, "collection"),
        (ALIAS, {"collection": "books_v1", "more": 1}, "more"),
    ],
)
def test_what_no_alias_can_be(functions: Functions, path: str, body: object, field: str) -> None:
    create(functions, "books_v1")
    answer = functions("aliases_put", http_event("PUT", path, body))
    status, _, details = problems(answer)
    assert (status, [detail["field"] for detail in details]) == (422, [field])


def test_cached_answers_follow_every_name(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        create(functions, "books_v1", "An old river.")
        create(functions, "books_v2", "A new river.")
        point(functions, "books_v1")
        assert texts(functions, "books") == texts(functions, "books_v1") == ["An old river."]
        upsert(functions, "books_v1", "A wide river.")
        assert texts(functions, "books") == ["A wide river."]
        upsert(functions, "books", "A long river.")
        assert texts(functions, "books_v1") == ["A long river."]
        functions.process("chunks_embed", {"schedule": "now"})
        read = http_event("GET", f"{ROOT}/books/documents/river")
        assert functions("documents_get", read)["body"]["embedding_state"] == "ready"
        point(functions, "books_v2")
        assert texts(functions, "books") == ["A new river."]
        functions("documents_delete", http_event("DELETE", f"{ROOT}/books_v2/documents/river"))
        assert texts(functions, "books") == []
        functions("aliases_delete", http_event("DELETE", ALIAS))
        search = http_event("POST", f"{ROOT}/books/search", {"q": "river"})
        assert functions("documents_search", search)["statusCode"] == 404
