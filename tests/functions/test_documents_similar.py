"""GET /v1/collections/{collection}/documents/{id}/similar."""

from typing import Any

import pytest

from tests.builders.events import http_event, usage_of
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

PATH = "/v1/collections/guides/documents/{}/similar"
DOCUMENTS: list[dict[str, Any]] = [
    {"id": "cats", "title": "Cats", "body": "Cats are small animals that purr.", "metadata": {"year": 2020}},
    {"id": "kittens", "body": "Kittens are young animals that purr.", "metadata": {"year": 2021}},
    {"id": "dogs", "body": "Dogs are animals that bark.", "metadata": {"year": 2020}},
    {"id": "stars", "body": "Stars are spheres of plasma.", "metadata": {"year": 2019}},
]


@pytest.fixture
def zoo(functions: Functions, guides: Upsert) -> Functions:
    guides(*DOCUMENTS)
    return functions


def similar(functions: Functions, document_id: str, query: str = "") -> dict[str, Any]:
    return functions("documents_similar", http_event("GET", PATH.format(document_id), query=query))


def ids(response: dict[str, Any]) -> list[str]:
    assert response["statusCode"] == 200, response
    return [hit["document"]["id"] for hit in response["body"]["hits"]]


def test_documents_like_one_by_meaning(zoo: Functions) -> None:
    zoo.process("chunks_embed", {"schedule": "now"})
    found = similar(zoo, "cats", "explain=true&passages=0")
    assert ids(found) == ["kittens", "dogs", "stars"]
    body = found["body"]
    assert (body["mode"], body["degraded"], body["usage"]) == ("semantic", [], usage_of(searches=1))
    scores = [hit["score"] for hit in body["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert {hit["explain"]["vector_scan"] for hit in body["hits"]} == {"exact"}
    assert ids(similar(zoo, "cats", "filter=year+%3D+2020")) == ["dogs"]
    assert ids(similar(zoo, "cats", "limit=1&offset=1")) == ["dogs"]
    assert ids(similar(zoo, "cats", f"min_score={scores[1] - 1e-5}")) == ["kittens", "dogs"]
    (first, *_) = similar(zoo, "cats", "include_fields=id&include_fields=body")["body"]["hits"]
    assert first["document"] == {"id": "kittens", "body": DOCUMENTS[1]["body"]}


def test_words_stand_in_until_a_document_has_its_vectors(zoo: Functions) -> None:
    found = similar(zoo, "cats")
    assert set(ids(found)) == {"kittens", "dogs"}
    assert ids(found)[0] == "kittens"
    assert (found["body"]["mode"], found["body"]["degraded"]) == ("keyword", ["semantic"])


def test_what_is_not_there(zoo: Functions) -> None:
    refused = similar(zoo, "wolves")
    assert (refused["statusCode"], refused["body"]["error"]["code"]) == (404, "document_not_found")
    assert refused["body"]["error"]["details"] == [{"field": "id", "message": "no wolves"}]
    zoo("documents_delete", http_event("DELETE", "/v1/collections/guides/documents/cats"))
    assert similar(zoo, "cats")["statusCode"] == 404
    gone = zoo("documents_similar", http_event("GET", "/v1/collections/none/documents/cats/similar"))
    assert gone["body"]["error"]["code"] == "collection_not_found"


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("offset=901", "offset"), ("min_score=2", "min_score"),
     ("passages=-1", "passages"), ("include_fields=password", "include_fields.0"), ("q=cats", "q")],
)  # fmt: skip
def test_what_cannot_be_asked(zoo: Functions, query: str, field: str) -> None:
    refused = similar(zoo, "dogs", query)
    assert refused["statusCode"] == 422
    assert [detail["field"] for detail in refused["body"]["error"]["details"]] == [field]


def test_a_filter_that_is_wrong(zoo: Functions) -> None:
    assert similar(zoo, "dogs", "filter=year+%3D")["body"]["error"]["code"] == "invalid_filter"
    unknown = similar(zoo, "dogs", "filter=colour+%3D+1")
    assert (unknown["statusCode"], unknown["body"]["error"]["code"]) == (422, "unknown_field")
