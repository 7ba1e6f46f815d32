"""Every packaged function in AWS's Runtime Interface Emulator, with its package and its layers alone."""

from typing import Any

import pytest

from shared.local.function_list import list_functions
from tests.builders.events import Event, http_event, schedule_event, sqs_event
from tests.builders.functions import plain
from tests.builders.packages import PackagedFunction, PackageFolder
from tests.builders.runtime_emulator import RunningFunction

COLLECTION = "/v1/collections/guides"
DOCUMENT = f"{COLLECTION}/documents/one"
NOT_FOUND = (404, "collection_not_found")
# An event, and what the function makes of it on a database without rows: a status and, of an error, its code.
HTTP: dict[str, tuple[Event, tuple[int, str | None]]] = {
    "health_get": (http_event("GET", "/health"), (200, None)),
    "openapi_get": (http_event("GET", "/openapi.json"), (200, None)),
    "collections_create": (http_event("POST", "/v1/collections", {"name": "guides"}), (201, None)),
    "collections_list": (http_event("GET", "/v1/collections"), (200, None)),
    "collections_get": (http_event("GET", COLLECTION), NOT_FOUND),
    "collections_update": (http_event("PATCH", COLLECTION, {"name": "manuals"}), NOT_FOUND),
    "collections_delete": (http_event("DELETE", COLLECTION), NOT_FOUND),
    "documents_upsert": (
        http_event("POST", f"{COLLECTION}/documents", {"documents": [{"id": "one", "body": "# One"}]}),
        NOT_FOUND,
    ),
    "documents_list": (http_event("GET", f"{COLLECTION}/documents", query="filter=year>1"), NOT_FOUND),
    "documents_get": (http_event("GET", DOCUMENT), NOT_FOUND),
    "documents_update": (http_event("PATCH", DOCUMENT, {"title": "One"}), NOT_FOUND),
    "documents_delete": (http_event("DELETE", DOCUMENT), NOT_FOUND),
    "documents_delete_by_filter": (
        http_event("POST", f"{COLLECTION}/documents/delete", {"filter": "year > 1"}),
        NOT_FOUND,
    ),
    "documents_search": (
        http_event("POST", f"{COLLECTION}/search", {"q": "one", "filter": "year > 1"}),
        NOT_FOUND,
    ),
}
EVENTS: dict[str, tuple[Event, str]] = {
    "chunks_embed": (sqs_event("not JSON"), "batchItemFailures"),
    "indexes_maintain": (schedule_event(), "complete"),
    "database_migrate": ({}, "applied"),
}


def environment(function: PackagedFunction, database_url: str) -> dict[str, str]:
    variables = {"ENVIRONMENT": "test", "DATABASE_URL": database_url}
    if len(function.layers) > 1:
        variables["EMBEDDING_MODEL_DIR"] = str(function.model_directory)
    return variables


def status_and_code(response: dict[str, Any]) -> tuple[int, str | None]:
    body = plain(response)["body"]
    return response["statusCode"], body["error"]["code"] if "error" in body else None


def test_every_function_is_tried() -> None:
    assert sorted(HTTP | EVENTS) == sorted(function.name for function in list_functions())


@pytest.mark.parametrize("name", HTTP)
def test_a_function_behind_http_answers(name: str, packages: PackageFolder, database_url: str) -> None:
    function = packages.function(name)
    event, expected = HTTP[name]
    with RunningFunction(function, environment(function, database_url)) as running:
        assert status_and_code(running.invoke(event)) == expected, running.log
        assert running.compiled == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_function_behind_a_queue_or_a_schedule_answers(
    name: str, packages: PackageFolder, database_url: str
) -> None:
    function = packages.function(name)
    event, answered = EVENTS[name]
    with RunningFunction(function, environment(function, database_url)) as running:
        assert answered in running.invoke(event), running.log
        assert running.compiled == []
