"""Vectors that come with documents and searches, over HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.local.lambda_calls import storage_event
from tests.builders.events import http_event, schedule_event, usage_of
from tests.builders.functions import Functions
from tests.builders.redis import RedisServer
from tests.functions.conftest import Upsert

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
    assert (answer["mode"], answer["degraded"], answer["usage"]) == ("hybrid", [], usage_of(searches=1))
    assert {hit["document"]["id"] for hit in answer["hits"]} == {"sun", "night", "words"}
    by_vector = posters.search(vector=[0, 9, 0], limit=1)["body"]
    assert (by_vector["mode"], by_vector["hits"][0]["passages"][0]["text"]) == ("semantic", "")


def test_without_a_vector_words_are_all_there_is(posters: Posters) -> None:
    posters.upsert({"id": "sun", "title": "Sun", "vector": LIGHT})
    by_words = posters.search(q="sun")["body"]
    assert (by_words["mode"], by_words["degraded"]) == ("keyword", ["semantic"])
    assert [hit["document"]["id"] for hit in by_words["hits"]] == ["sun"]
    by_meaning = posters.search(q="sun", mode="semantic")
    assert (by_meaning["statusCode"], by_meaning["body"]["error"]["details"]) == (
        422,
        [{"field": "vector", "message": "is needed in the space of clip-vit-b32"}],
    )


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        ([1, 2], WRONG_SIZE),
        ([0, 0, 0], "must have a number that is not 0: it has no direction"),
        ([1, "2", 3], "must have numbers alone"),
        ([1, 2, 1e400], "must have finite numbers, and a finite length"),
        ("1,2,3", "must be a list of 1 to 4000 numbers"),
    ],
)
def test_a_bad_vector_fails_alone(posters: Posters, vector: object, message: str) -> None:
    good = {"id": "sun", "vector": LIGHT}
    items = posters.upsert({"id": "bad", "vector": vector}, good, {"id": "words"}, status=207)
    assert [(item["id"], item["status"]) for item in items] == [
        ("bad", "failed"),
        ("sun", "created"),
        ("words", "created"),
    ]
    assert items[0]["error"]["details"] == [{"field": "vector", "message": message}]
    assert posters.patch("sun", vector=vector)["body"]["error"]["details"] == [
        {"field": "vector", "message": message}
    ]
    refused = posters.search(vector=vector)
    assert (refused["statusCode"], refused["body"]["error"]["details"]) == (
        422,
        [{"field": "vector", "message": message}],
    )
    assert posters.found(vector=[1, 0, 0]) == {"sun": 1.0}


def test_vectors_say_nothing_to_a_search_by_words_or_in_an_address(posters: Posters) -> None:
    refused = posters.search(vector=LIGHT, q="sun", mode="keyword")
    assert (refused["statusCode"], refused["body"]["error"]["details"]) == (
        422,
        [{"field": "vector", "message": "says nothing where `mode` is keyword"}],
    )
    event = http_event("GET", f"{POSTERS}/search", query="q=sun&vector=1")
    by_address = posters.functions("documents_search", event)
    assert (by_address["statusCode"], by_address["body"]["error"]["details"][0]["field"]) == (422, "vector")


def test_the_same_vector_again_changes_nothing_and_another_the_ranking(posters: Posters) -> None:
    sun = {"id": "sun", "title": "Sun", "vector": LIGHT}
    posters.upsert(sun, {"id": "night", "vector": DARK})
    (again,) = posters.upsert({**sun, "vector": [7, 0, 0]})
    (other,) = posters.upsert({**sun, "vector": [0, 0, 1]})
    (moved,) = posters.upsert({**sun, "vector": [0, 0, 1], "url": "https://example.com/sun"})
    assert [item["status"] for item in (again, other, moved)] == ["unchanged", "updated", "updated"]
    assert posters.found(vector=[0, 0, 1]) == {"sun": 1.0, "night": 0.0}
    assert posters.found(q="sun", mode="keyword").keys() == {"sun"}


def test_a_change_of_parts_keeps_the_vector_until_it_is_taken_away(posters: Posters) -> None:
    posters.upsert({"id": "sun", "body": "A yellow disc.", "vector": LIGHT}, {"id": "night", "vector": DARK})
    assert posters.patch("sun", body="A star.")["body"]["embedding_state"] == "ready"
    assert posters.found(vector=[1, 0, 0])["sun"] == 1.0
    assert posters.found(q="star", mode="keyword").keys() == {"sun"}
    posters.patch("sun", vector=[0, 3, 0])
    assert posters.found(vector=[0, 1, 0])["sun"] == 1.0
    assert posters.patch("sun", vector=None)["body"]["embedding_state"] == "ready"
    assert posters.found(vector=[1, 0, 0]).keys() == {"night"}


def test_nothing_of_such_a_collection_is_embedded(posters: Posters) -> None:
    posters.upsert({"id": "sun", "title": "Sun", "vector": LIGHT}, {"id": "words", "body": "A yellow disc."})
    assert posters.functions.process("chunks_embed", schedule_event())["chunks"] == 0
    assert (posters.collection()["pending"], posters.collection()["failed"]) == (0, 0)
    documents = posters.functions("documents_list", http_event("GET", f"{POSTERS}/documents"))["body"]
    assert {document["embedding_state"] for document in documents["documents"]} == {"ready"}


def test_documents_like_one_by_their_own_vectors(posters: Posters) -> None:
    posters.upsert(
        {"id": "sun", "vector": LIGHT}, {"id": "night", "vector": DARK}, {"id": "moon", "vector": [1, 3, 0]}
    )
    path = f"{POSTERS}/documents/night/similar"
    similar = posters.functions("documents_similar", http_event("GET", path))["body"]
    assert [hit["document"]["id"] for hit in similar["hits"]] == ["moon", "sun"]
    assert (similar["mode"], similar["degraded"]) == ("semantic", [])


def test_several_searches_each_with_its_vector(posters: Posters) -> None:
    posters.upsert({"id": "sun", "vector": LIGHT}, {"id": "night", "vector": DARK})
    searches = [{"collection": "posters", "vector": vector} for vector in ([1, 0, 0], [0, 1, 0], [1, 0])]
    event = http_event("POST", "/v1/search", {"searches": searches})
    first, second, third = posters.functions("documents_multi_search", event)["body"]["items"]
    best = [item["response"]["hits"][0]["document"]["id"] for item in (first, second)]
    assert best == ["sun", "night"]
    assert third["error"]["details"] == [{"field": "vector", "message": WRONG_SIZE}]


def test_a_collection_with_vectors_of_its_own_keeps_its_space(posters: Posters) -> None:
    for dry_run in (True, False):
        body = {"model": "all-MiniLM-L6-v2", "dimensions": 384, "dry_run": dry_run}
        refused = posters.functions("embeddings_change", http_event("POST", f"{POSTERS}/embedding", body))
        assert (refused["statusCode"], refused["body"]["error"]["code"]) == (409, "conflict")
        assert "come with its documents" in refused["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": "openai"}, "embedding.provider"),
        ({"dimensions": 4_001}, "embedding.dimensions"),
        ({"dimensions": 0}, "embedding.dimensions"),
        ({"dimensions": "3"}, "embedding.dimensions"),
        ({"model": ""}, "embedding.model"),
        ({"model": "a b"}, "embedding.model"),
        ({"key": 1}, "embedding.key"),
    ],
)
def test_what_is_no_space(functions: Functions, change: Json, field: str) -> None:
    body = {"name": "posters", "embedding": {**OWN, **change}}
    refused = functions("collections_create", http_event("POST", "/v1/collections", body))
    assert (refused["statusCode"], refused["body"]["error"]["details"][0]["field"]) == (422, field)


def test_a_preview_of_a_document_with_its_vector(posters: Posters) -> None:
    body = "# One\n\nFirst.\n\n# Two\n\nSecond."
    document = {"id": "a", "title": "A", "body": body, "page_starts": [0, 5], "vector": LIGHT}
    event = http_event("POST", f"{POSTERS}/chunks/preview", {"document": document})
    (chunk,) = posters.functions("chunks_preview", event)["body"]["chunks"]
    assert (chunk["text"], chunk["embedded_text"], chunk["tokens"], chunk["page"]) == (body, "", 0, 1)


def test_an_import_brings_vectors_and_tells_bad_ones_by_their_lines(posters: Posters, tmp_path: Path) -> None:
    lines = [
        {"id": "sun", "vector": LIGHT},
        {"id": "short", "vector": [1, 2]},
        {"id": "none", "vector": [0, 0, 0]},
        {"id": "words", "body": "A yellow disc."},
        {"id": "night", "text": "Dark.", "vector": DARK},
        {"id": "flat", "text": "Dark.", "vector": [1]},
    ]
    content = "\n".join(json.dumps(line) for line in lines)
    asked = http_event("POST", f"{POSTERS}/imports", {"format": "ndjson", "content": content})
    created = posters.functions("imports_create", asked)["body"]["import"]
    (path,) = (tmp_path / "objects").glob(f"content/imports/*/{created['id']}/data")
    key = path.relative_to(tmp_path / "objects" / "content").as_posix()
    posters.functions.process("imports_process", storage_event(key, path.stat().st_size))
    found = posters.functions("imports_get", http_event("GET", f"{POSTERS}/imports/{created['id']}"))["body"]
    assert (found["created"], found["failed"]) == (3, 3)
    assert [(error["line"], error["message"]) for error in found["errors"]] == [
        (2, f"vector: {WRONG_SIZE}"),
        (3, "vector: must have a number that is not 0: it has no direction"),
        (6, f"vector: {WRONG_SIZE.replace('2', '1')}"),
    ]
    assert posters.found(vector=[1, 0, 0]) == {"sun": 1.0, "night": 0.0}


def test_a_vector_replaces_what_a_model_would_make(functions: Functions, guides: Upsert) -> None:
    """In a collection of the deployment's model, whose vectors have 384 numbers."""
    axis = [1] + [0] * 383
    cats = {"id": "cats", "body": "Cats purr."}
    guides({**cats, "vector": axis}, {"id": "dogs", "body": "Dogs bark."})
    assert functions.process("chunks_embed", schedule_event())["chunks"] == 1

    def best(**request: Any) -> tuple[str, float, Json]:
        answer = functions("documents_search", http_event("POST", "/v1/collections/guides/search", request))
        (hit, *_), usage = answer["body"]["hits"], answer["body"]["usage"]
        return hit["document"]["id"], round(hit["score"], 3), usage

    assert best(vector=axis) == ("cats", 1.0, usage_of(searches=1))
    assert best(q="a dog", mode="semantic")[0] == "dogs"
    guides(cats)
    assert functions.process("chunks_embed", schedule_event())["chunks"] == 1
    assert best(q="felines", mode="semantic")[0] == "cats"
    assert best(vector=axis)[1] < 0.5


def test_cached_answers_are_of_their_vector(monkeypatch: pytest.MonkeyPatch, functions: Functions) -> None:
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        body = {"name": "posters", "embedding": OWN}
        functions("collections_create", http_event("POST", "/v1/collections", body))
        posters = Posters(functions)
        posters.upsert({"id": "sun", "vector": LIGHT}, {"id": "night", "vector": DARK})
        for _ in range(2):
            assert posters.found(vector=[1, 0, 0]) == {"sun": 1.0, "night": 0.0}
            assert posters.found(vector=[0, 1, 0]) == {"night": 1.0, "sun": 0.0}
        assert posters.search(vector=[0, 1, 0])["headers"]["x-cache"] == "hit"
