"""POST /v1/search: several searches at once."""

from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert


def search(functions: Functions, *searches: object) -> dict[str, Any]:
    return functions("documents_multi_search", http_event("POST", "/v1/search", {"searches": list(searches)}))


@pytest.fixture
def shelves(functions: Functions, guides: Upsert) -> Functions:
    guides(
        {"id": "cats", "body": "Cats purr."}, {"id": "dogs", "body": "Dogs bark.", "metadata": {"year": 2020}}
    )
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "stars"}))
    body = {"documents": [{"id": "sun", "body": "The sun is a star."}]}
    functions("documents_upsert", http_event("POST", "/v1/collections/stars/documents", body))
    functions.process("chunks_embed", {"schedule": "now"})
    return functions


def test_each_search_is_as_it_would_be_alone(shelves: Functions) -> None:
    asked: list[dict[str, Any]] = [
        {"collection": "guides", "q": "purring", "mode": "keyword"},
        {"collection": "stars", "q": "a source of light", "limit": 1, "explain": True},
        {"collection": "guides", "q": "animals", "filter": "year = 2020", "facets": ["year"]},
    ]
    found = search(shelves, *asked)
    assert (found["statusCode"], found["body"]["errors"]) == (200, 0)
    assert [item["index"] for item in found["body"]["items"]] == [0, 1, 2]
    for item, request in zip(found["body"]["items"], asked, strict=True):
        fields = {name: value for name, value in request.items() if name != "collection"}
        path = f"/v1/collections/{request['collection']}/search"
        alone = shelves("documents_search", http_event("POST", path, fields))["body"]
        assert {**item["response"], "took_ms": 0} == {**alone, "took_ms": 0}
        assert item["error"] is None


def test_one_that_fails_leaves_the_others(shelves: Functions) -> None:
    found = search(
        shelves,
        {"collection": "none", "q": "a"},
        {"collection": "stars", "q": "sun", "mode": "keyword"},
        {"collection": "guides", "q": "cats", "filter": "year ="},
    )
    assert (found["statusCode"], found["body"]["errors"]) == (207, 2)
    first, second, third = found["body"]["items"]
    assert (first["error"]["code"], third["error"]["code"]) == ("collection_not_found", "invalid_filter")
    assert (first["response"], third["response"]) == (None, None)
    assert [hit["document"]["id"] for hit in second["response"]["hits"]] == ["sun"]


@pytest.mark.parametrize(
    ("searches", "field"),
    [
        ([], "searches"),
        ([{"collection": "guides", "q": "a"}] * 21, "searches"),
        ([{"q": "a"}], "searches.0.collection"),
        ([{"collection": "guides"}], "searches.0.q"),
        ([{"collection": "guides", "q": "a", "limit": 0}], "searches.0.limit"),
        ([{"collection": "guides", "q": "a", "unknown": 0}], "searches.0.unknown"),
    ],
)
def test_what_cannot_be_asked(shelves: Functions, searches: list[object], field: str) -> None:
    refused = search(shelves, *searches)
    assert refused["statusCode"] == 422
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]
