"""Every route, asked by one tenant for what is another's after an administrator has filled the cache."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.embeddings.local_model_build import ensure_model_files
from shared.local.function_list import list_functions
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.redis import RedisServer
from tests.builders.tokens import token
from tests.builders.two_tenants import ACME_BY_FILTER, canaries_in
from tests.leaks.conftest import Worlds

ADMIN_KEY = "the administrator's"
QUERIES: dict[str, dict[str, Any]] = {
    "documents_search": {"q": "harbour merger", "facets": "kind", "limit": 50},
    "documents_suggest": {"q": "zirc"},
}
BODIES: dict[str, Any] = {
    "documents_search": {
        "q": "merger",
        "limit": 50,
        "facets": ["kind"],
        "explain": True,
        "filter": "year > 1",
    },
    "documents_multi_search": {"searches": [{"collection": "COLLECTION", "q": "merger", "limit": 50}]},
    "chunks_preview": {"documents": [{"id": "a", "body": "Lanterns."}]},
}


class Caller:
    """Calls functions by their routes, with a key."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def ask(self, name: str, key: str, method: str, path: str, body: object = None) -> dict[str, Any]:
        query = urlencode(QUERIES.get(name, {})) if method == "GET" else ""
        event = http_event(method, path, body, query=query)
        signed = {**event, "headers": {**event["headers"], "authorization": f"Bearer {key}"}}
        return self._functions(name, signed, raw=True)

    def key(self, **wanted: object) -> str:
        made = self.ask("keys_create", ADMIN_KEY, "POST", "/v1/keys", wanted)
        assert made["statusCode"] == 201, made
        key: str = json.loads(made["body"])["key"]
        return key

    def every_route(self, key: str, collection: str, document: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The answer of each route that reads, about that collection and that document."""
        for function in list_functions():
            for route in function.routes:
                method = route.method
                path = route.path.replace("{collection}", collection).replace("{id}", document)
                reads = method == "GET" or function.name in BODIES
                if reads and "{" not in path:
                    text = json.dumps(BODIES.get(function.name)).replace("COLLECTION", collection)
                    body = None if method == "GET" else json.loads(text)
                    yield f"{method} {path}", self.ask(function.name, key, method, path, body)


@pytest.fixture
def caller(worlds: Worlds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Caller]:
    with RedisServer() as redis:
        for name, value in {
            "ADMIN_KEY_HASH": hashlib.sha256(ADMIN_KEY.encode()).hexdigest(),
            "DATABASE_URL": worlds.url,
            "EMBEDDING_MODEL_DIR": str(ensure_model_files()),
            "IMPORT_BUCKET": f"folder:{tmp_path / 'objects'}",
            "KEY_HASH_SECRET": "a secret of 32 characters or more",
            "REDIS_URL": redis.url,
        }.items():
            monkeypatch.setenv(name, value)
        functions = Functions()
        yield Caller(functions)
        functions.close()


@pytest.mark.parametrize(
    ("collection", "document", "wanted", "claims"),
    [
        (
            "shared",
            "globex:secret0",
            {
                "actions": ["documents:search", "documents:read", "collections:read"],
                "collections": ["shared*"],
                "readers": ["group:acme", "user:ada"],
            },
            None,
        ),
        (
            "shared",
            "globex:secret0",
            {"actions": ["*"], "collections": ["*"]},
            {"filter": ACME_BY_FILTER.filter, "fields": ["kind", "year"]},
        ),
        (
            "globex_notes",
            "note",
            {"actions": ["documents:*", "collections:*", "audit:read"], "collections": ["acme_*"]},
            None,
        ),
    ],
    ids=["by readers", "by a token's filter", "by name"],
)
def test_no_route_tells_a_tenant_of_another(
    caller: Caller,
    collection: str,
    document: str,
    wanted: dict[str, object],
    claims: dict[str, object] | None,
) -> None:
    key = caller.key(**wanted)
    key = key if claims is None else token(key, payload={"exp": int(time.time()) + 900, **claims})
    told = set()
    for _ in range(2):
        for route, answer in caller.every_route(ADMIN_KEY, collection, document):
            told |= {route} if canaries_in(answer["body"]) else set()
    # Else the test could not fail: an administrator is told a lot, and from the cache.
    assert len(told) >= 5
    asked = 0
    for route, answer in caller.every_route(key, collection, document):
        asked += 1
        # The id that was asked for may be repeated, and no more.
        text = json.dumps([answer["body"], answer["headers"]]).replace(document, "")
        assert canaries_in(text) == set(), route
        assert "globex" not in text or "globex_notes" in route, route
        assert answer["statusCode"] in {200, 207, 403, 404, 422}, (route, answer)
    assert asked > 20


def test_tokens_of_one_view_share_answers_and_no_others(caller: Caller) -> None:
    """With the administrator's answers in the cache, and those of each token."""
    key = caller.key(actions=["documents:search"], collections=["shared"])
    path = "/v1/collections/shared/search"

    def ask(bearer: str) -> tuple[str, set[str], dict[str, Any]]:
        answer = caller.ask("documents_search", bearer, "POST", path, {"q": "*", "limit": 50})
        hits = json.loads(answer["body"])["hits"]
        fields = {name for hit in hits for name in hit["document"]["metadata"]}
        return answer["headers"]["x-cache"], fields, {hit["document"]["id"]: hit for hit in hits}

    views: list[dict[str, Any]] = [
        {},
        {"filter": 'kind = "note"'},
        {"filter": 'kind = "public"'},
        {"fields": ["kind"]},
        {"readers": ["user:ada"]},
        {"readers": []},
        {"filter": 'kind = "note"', "fields": ["kind"]},
        {"limits": {"max_limit": 1}},
        {"collections": ["shared"], "filter": "year > 2024"},
    ]
    first = [ask(token(key, sub="ada", **claims)) for claims in views]
    again = [ask(token(key, sub="bob", **claims)) for claims in views]
    assert [state for state, *_ in first] == ["miss"] * len(views)
    assert [state for state, *_ in again] == ["hit"] * len(views)
    assert [told[1:] for told in first] == [told[1:] for told in again]
    assert len(first[0][2]) == 7
    assert [set(hits) for _, _, hits in first[1:3]] == [{"acme:boats", "acme:harbour"}, {"everybody"}]
    assert [fields for _, fields, _ in (first[3], first[6])] == [{"kind"}, {"kind"}]
    assert [set(hits) for _, _, hits in first[4:6]] == [{"acme:harbour", "everybody"}, {"everybody"}]
    assert len(first[7][2]) == 1
