"""The API's functions as a caller uses them, who remembers what was acknowledged."""

import json
from typing import Any

from tests.builders.acknowledged import Acknowledgements, Recounted, recount_acknowledged
from tests.builders.events import http_event
from tests.builders.fallible_postgres import FalliblePostgres
from tests.builders.functions import Functions

COLLECTION = "/v1/collections/library"


class Calls:
    """Of one collection. What is written is about a harbour."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._told = Acknowledgements()

    def create(self) -> None:
        created = self._functions(
            "collections_create", http_event("POST", "/v1/collections", {"name": "library"})
        )
        assert created["statusCode"] == 201

    def drop(self) -> None:
        """Delete the collection, and what was acknowledged with it."""
        answer = self._functions("collections_delete", http_event("DELETE", COLLECTION))
        assert answer["statusCode"] == 204
        self._told = Acknowledgements()

    def configure(self, settings: dict[str, Any]) -> None:
        """`settings` as the API has them."""
        answer = self._functions(
            "collections_update", http_event("PATCH", COLLECTION, {"settings": settings})
        )
        assert answer["statusCode"] == 200, answer

    def write(self, name: str, **fields: Any) -> None:
        """Store a document of that id, which is acknowledged."""
        answer = self._write(name, 60, **fields)
        assert (answer["statusCode"], json.loads(answer["body"])["errors"]) == (200, 0), answer
        self._told.note({name: body_of(name)})

    def write_until_refused(self, name: str) -> str:
        """Store documents whose ids begin like that, and return the code of the 503 in the end."""
        number = 0
        while (answer := self._write(f"{name}-{number}", 60))["statusCode"] == 200:
            assert json.loads(answer["body"])["errors"] == 0
            self._told.note({f"{name}-{number}": body_of(f"{name}-{number}")})
            number += 1
        return _refusal(answer, "2")

    def refusal_of_write(self, name: str, *, seconds: float = 60, retry_after: str = "2") -> str:
        """The code of a 503 that says when to try again."""
        return _refusal(self._write(name, seconds), retry_after)

    def refusal_of_search(self, q: str, *, seconds: float = 60) -> str:
        return _refusal(self._search({"q": q}, seconds), "2")

    def search(self, q: str, **fields: Any) -> dict[str, Any]:
        """The response of a search that answers."""
        answer = self._search({"q": q, **fields}, 60)
        assert answer["statusCode"] == 200, answer
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def found(self, q: str, *, mode: str = "keyword") -> set[str]:
        """The ids of the hits."""
        return {hit["document"]["id"] for hit in self.search(q, mode=mode)["hits"]}

    def reads_of(self, server: FalliblePostgres) -> int:
        """How many connections functions have to it, after a search."""
        self.search("harbour")
        ((connections,),) = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concord'"
        )
        assert isinstance(connections, int)
        return connections

    def state(self, name: str) -> tuple[str, str | None]:
        """What a document says of its embedding, and why it failed, if it did."""
        body = self._functions("documents_get", http_event("GET", f"{COLLECTION}/documents/{name}"))["body"]
        return body["embedding_state"], body["embedding_error"]

    def recount(self, database_url: str, *others: str) -> Recounted:
        """What was acknowledged here, and those that were acknowledged elsewhere."""
        self._told.note({name: body_of(name) for name in others})
        return recount_acknowledged(database_url, self._told)

    def cached(self, q: str) -> bool:
        """Whether the answer of a search is one that the cache had."""
        return bool(self._search({"q": q, "mode": "keyword"}, 60)["headers"]["x-cache"] == "hit")

    def similar(self, name: str) -> list[str]:
        """The ids of documents that are like that one."""
        event = http_event("GET", f"{COLLECTION}/documents/{name}/similar")
        answer = self._functions("documents_similar", event)
        assert answer["statusCode"] == 200, answer
        return [hit["document"]["id"] for hit in answer["body"]["hits"]]

    def suggested(self, typed: str) -> list[str]:
        answer = self._functions(
            "documents_suggest", http_event("GET", f"{COLLECTION}/suggest", query=f"q={typed}")
        )
        assert answer["statusCode"] == 200, answer
        return [suggestion["text"] for suggestion in answer["body"]["suggestions"]]

    def _write(self, name: str, seconds: float, **fields: Any) -> dict[str, Any]:
        document = {"id": name, "body": body_of(name), **fields}
        event = http_event("POST", f"{COLLECTION}/documents", {"documents": [document]})
        return self._functions("documents_upsert", event, seconds=seconds, raw=True)

    def _search(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        event = http_event("POST", f"{COLLECTION}/search", request)
        return self._functions("documents_search", event, seconds=seconds, raw=True)


def body_of(name: str) -> str:
    return f"A report on the harbour, {name}."


def _refusal(answer: dict[str, Any], retry_after: str) -> str:
    assert answer["statusCode"] == 503, answer
    assert answer["headers"]["retry-after"] == retry_after
    code: str = json.loads(answer["body"])["error"]["code"]
    return code
