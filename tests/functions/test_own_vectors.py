"""Vectors that come with documents and searches, over HTTP."""

import json
from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions

POSTERS = "/v1/collections/posters"
OWN = {"provider": "own", "model": "clip-vit-b32", "dimensions": 3}
LIGHT, DARK = [2, 0, 0], [0, 0.5, 0]
WRONG_SIZE = "must have 3 numbers, as the collection's have, and not 2"

type Json = dict[str, Any]


class Posters:
    """A collection whose vectors come with its documents."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def upsert(self, *documents: Json, status: int = 200) -> list[Json]:
        body = json.dumps({"documents": documents})
        answer = self.functions("documents_upsert", http_event("POST", f"{POSTERS}/documents", body))
        assert answer["statusCode"] == status, answer
        items: list[Json] = answer["body"]["items"]
        return items

    def patch(self, id: str, **change: Any) -> Json:  # noqa: A002 - its field's name
        event = http_event("PATCH", f"{POSTERS}/documents/{id}", change)
        return self.functions("documents_update", event)

    def search(self, **request: Any) -> Json:
        return self.functions("documents_search", http_event("POST", f"{POSTERS}/search", request))

    def found(self, **request: Any) -> dict[str, float]:
        """The scores of hits, by id."""
        answer = self.search(**request)
        assert answer["statusCode"] == 200, answer
        return {hit["document"]["id"]: round(hit["score"], 3) for hit in answer["body"]["hits"]}

    def collection(self) -> Json:
        found: Json = self.functions("collections_get", http_event("GET", POSTERS))["body"]
        return found


@pytest.fixture
def posters(functions: Functions) -> Posters:
    body = {"name": "posters", "embedding": OWN}
    created = functions("collections_create", http_event("POST", "/v1/collections", body))
    assert created["statusCode"] == 201, created
    assert created["body"]["embedding"] == OWN
    return Posters(functions)


def test_documents_are_found_by_their_own_vectors(posters: Posters) -> None:
    stored = posters.upsert(
        {"id": "sun", "title": "Sun", "body": "A yellow disc.", "vector": LIGHT},
        {"id": "night", "vector": DARK},
        {"id": "words", "body": "A yellow submarine."},
    )
    assert [item["status"] for item in stored] == ["created"] * 3
    assert (posters.collection()["pending"], posters.collection()["documents"]) == (0, 3)
    assert posters.found(vector=[1, 0, 0]) == {"sun": 1.0, "night": 0.0}
    assert posters.found(vector=[1, 1, 0]) == {"sun": 0.707, "night": 0.707}
    answer = posters.search(vector=[1, 1, 0], q="yellow", explain=True)["body"]
    assert (answer["mode"], answer["degraded"], answer["usage"]) == ("hybrid", [], {"embedded_queries": 0})
    assert {hit["document"]["id"] for hit in answer["hits"]} == {"sun", "night", "words"}
    by_vector = posters.search(vector=[0, 9, 0], limit=1)["body"]
    assert (by_vector["mode"], by_vector["hits"][0]["passages"][0]["text"]) == ("semantic", "")
