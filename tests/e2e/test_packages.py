"""Every packaged function in AWS's Runtime Interface Emulator, with its package and its layers alone."""

import ast
import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from shared.local.function_list import list_functions
from shared.local.lambda_calls import storage_event
from shared.storage.folder import FolderStorage
from tests.builders.events import Event, http_event, schedule_event, sqs_event
from tests.builders.files import write_pdf
from tests.builders.functions import plain
from tests.builders.packages import PackagedFunction, PackageFolder, lambda_runtime
from tests.builders.redis import RedisServer
from tests.builders.runtime_emulator import RunningFunction, base_python
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, packed

COLLECTION = "/v1/collections/guides"
DOCUMENT = f"{COLLECTION}/documents/one"
IMPORT = f"{COLLECTION}/imports/{'0' * 24}"
NOT_FOUND = (404, "collection_not_found")
# An event, and what the function makes of it on a database without rows: a status and, of an error, its code.
# What loads what is loaded for those alone who ask for it.
SEARCH = {
    "q": "one",
    "filter": "year > 1",
    "facets": ["year"],
    "sort": ["year"],
    "group_by": "year",
    "boosts": [{"field": "year", "half": 2000}],
}
HTTP: dict[str, tuple[Event, tuple[int, str | None]]] = {
    "health_get": (http_event("GET", "/health"), (200, None)),
    "openapi_get": (http_event("GET", "/openapi.json"), (200, None)),
    "aliases_put": (http_event("PUT", "/v1/aliases/books", {"collection": "guides"}), NOT_FOUND),
    "aliases_list": (http_event("GET", "/v1/aliases"), (200, None)),
    "aliases_delete": (http_event("DELETE", "/v1/aliases/books"), (404, "alias_not_found")),
    "keys_create": (
        http_event("POST", "/v1/keys", {"actions": ["*"], "collections": ["*"]}),
        (409, "keys_not_configured"),
    ),
    "keys_list": (http_event("GET", "/v1/keys"), (200, None)),
    "keys_revoke": (http_event("DELETE", f"/v1/keys/{'0' * 16}"), (404, "key_not_found")),
    "collections_create": (http_event("POST", "/v1/collections", {"name": "guides"}), (201, None)),
    "collections_list": (http_event("GET", "/v1/collections"), (200, None)),
    "collections_get": (http_event("GET", COLLECTION), NOT_FOUND),
    "collections_update": (http_event("PATCH", COLLECTION, {"name": "manuals"}), NOT_FOUND),
    "collections_delete": (http_event("DELETE", COLLECTION), NOT_FOUND),
    "documents_upsert": (
        http_event("POST", f"{COLLECTION}/documents", {"documents": [{"id": "one", "body": "# One"}]}),
        NOT_FOUND,
    ),
    "chunks_preview": (
        http_event("POST", f"{COLLECTION}/chunks/preview", {"document": {"id": "one"}}),
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
    "documents_search": (http_event("POST", f"{COLLECTION}/search", SEARCH), NOT_FOUND),
    "documents_similar": (http_event("GET", f"{DOCUMENT}/similar", query="filter=year>1"), NOT_FOUND),
    "documents_suggest": (http_event("GET", f"{COLLECTION}/suggest", query="q=on"), NOT_FOUND),
    "audit_list": (http_event("GET", "/v1/audit"), (200, None)),
    "usage_get": (http_event("GET", "/v1/usage"), (200, None)),
    "documents_original": (http_event("GET", f"{DOCUMENT}/original"), NOT_FOUND),
    "embeddings_get": (http_event("GET", f"{COLLECTION}/embedding"), NOT_FOUND),
    "embeddings_change": (
        http_event("POST", f"{COLLECTION}/embedding", {"model": "other", "dimensions": 3, "dry_run": True}),
        NOT_FOUND,
    ),
    "embeddings_switch": (
        http_event("POST", f"{COLLECTION}/embedding/switch", {"to": "old"}),
        NOT_FOUND,
    ),
    "embeddings_clean": (http_event("DELETE", f"{COLLECTION}/embedding/change"), NOT_FOUND),
    "exports_create": (http_event("POST", f"{COLLECTION}/exports", {}), NOT_FOUND),
    "exports_get": (http_event("GET", f"{COLLECTION}/exports/{'0' * 24}"), NOT_FOUND),
    "imports_create": (
        http_event("POST", f"{COLLECTION}/imports", {"format": "csv", "content": "id\n"}),
        NOT_FOUND,
    ),
    "imports_list": (http_event("GET", f"{COLLECTION}/imports"), NOT_FOUND),
    "imports_get": (http_event("GET", IMPORT), NOT_FOUND),
    "imports_cancel": (http_event("POST", f"{IMPORT}/cancel"), NOT_FOUND),
    "imports_retry": (http_event("POST", f"{IMPORT}/retry"), NOT_FOUND),
    "sources_create": (
        http_event("POST", f"{COLLECTION}/sources", {"kind": "page", "url": "https://example.com/"}),
        NOT_FOUND,
    ),
    "sources_list": (http_event("GET", f"{COLLECTION}/sources"), NOT_FOUND),
    "sources_get": (http_event("GET", f"{COLLECTION}/sources/about"), NOT_FOUND),
    "sources_update": (http_event("PATCH", f"{COLLECTION}/sources/about", {"refresh": True}), NOT_FOUND),
    "sources_delete": (http_event("DELETE", f"{COLLECTION}/sources/about"), NOT_FOUND),
    "documents_multi_search": (
        http_event("POST", "/v1/search", {"searches": [{"collection": "guides", **SEARCH}]}),
        (207, None),
    ),
}
EVENTS: dict[str, tuple[Event, str]] = {
    "imports_process": (storage_event("imports/1/none/data", 1), "imports"),
    "exports_build": (storage_event("export-requests/1/none", 1), "exports"),
    "chunks_embed": (sqs_event("not JSON"), "batchItemFailures"),
    "documents_expire": (schedule_event(), "complete"),
    "indexes_maintain": (schedule_event(), "complete"),
    "usage_record": (sqs_event("not JSON"), "batchItemFailures"),
    "jwks_fetch": (schedule_event(), "keys"),
    "jwks_store": (sqs_event("not JSON"), "batchItemFailures"),
    "sources_fetch": (sqs_event("not JSON"), "batchItemFailures"),
    "sources_refresh": (schedule_event(), "begun"),
    # It has nothing to tell of what it has stored.
    "sources_store": (schedule_event(), "errorType"),
    "database_migrate": ({}, "applied"),
}


GARBAGE = """
import gc
import functions.{name}
assert not gc.isenabled()
import functions.{name}.handler
assert gc.isenabled()
assert gc.get_freeze_count() > 10_000
"""


def environment(function: PackagedFunction, database_url: str) -> dict[str, str]:
    variables = {"ENVIRONMENT": "test", "DATABASE_URL": database_url, "IMPORT_BUCKET": "folder:/tmp/none"}
    if any(layer.name == "model" for layer in function.layers):
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


@pytest.mark.parametrize("name", [name for name in HTTP if name not in {"health_get", "openapi_get"}])
def test_a_missing_setting_stops_the_start_and_is_named(name: str, packages: PackageFolder) -> None:
    given = {"ENVIRONMENT": "production", "IMPORT_BUCKET": "somewhere"}
    with RunningFunction(packages.function(name), given) as running:
        failed = running.invoke(HTTP[name][0])
    assert failed["errorType"] == "ConfigurationError"
    assert "DATABASE_URL, DATABASE_SECRET_ARN or DATABASE_IAM_USER" in failed["errorMessage"]


def test_a_document_is_found_by_meaning(packages: PackageFolder, database_url: str) -> None:
    """Written, embedded and found by three functions that share the database alone."""
    body = "Passwords belong into a vault."
    asked = "where do credentials go?"
    document = {"documents": [{"id": "one", "body": body}]}

    def run(name: str, event: Event) -> Any:
        function = packages.function(name)
        with RunningFunction(function, environment(function, database_url)) as running:
            answer = running.invoke(event)
            assert running.compiled == [], running.log
            # What onnxruntime warns of is a file of its own that was left out.
            assert "onnxruntime" not in running.log
            return answer

    run("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    run("documents_upsert", http_event("POST", f"{COLLECTION}/documents", document))
    run("chunks_embed", schedule_event())
    found = run("documents_search", http_event("POST", f"{COLLECTION}/search", {"q": asked}))
    answer = plain(found)["body"]
    assert (answer["mode"], answer["degraded"]) == ("hybrid", [])
    assert [hit["passages"][0]["text"] for hit in answer["hits"]] == [body]


def test_a_file_is_parsed_with_what_its_layer_has(
    packages: PackageFolder, database_url: str, tmp_path: Path
) -> None:
    """Taken up by one function and parsed by another, with a process of its own in the emulator."""
    storage = {"IMPORT_BUCKET": f"folder:{tmp_path}"}

    def run(name: str, event: Event) -> Any:
        function = packages.function(name)
        with RunningFunction(function, environment(function, database_url) | storage) as running:
            return running.invoke(event)

    run("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    path = f"{COLLECTION}/imports"
    file = {"format": "file", "name": "two.pdf"}
    created = plain(run("imports_create", http_event("POST", path, file)))["body"]["import"]["id"]
    key = f"imports/1/{created}/data"
    file_of_pages = write_pdf(tmp_path / "given.pdf", ("Nile", "Danube"))
    asyncio.run(FolderStorage(tmp_path).put(key, file_of_pages, "application/pdf"))
    run("imports_process", storage_event(key, 1))
    done = plain(run("imports_get", http_event("GET", f"{path}/{created}")))["body"]
    assert (done["state"], done["created"], done["errors"]) == ("done", 1, [])
    document = plain(run("documents_get", http_event("GET", f"{COLLECTION}/documents/two.pdf")))["body"]
    assert len(document["page_starts"]) == 2


def test_outside_services_are_reached_with_what_the_layers_have(
    packages: PackageFolder, database_url: str
) -> None:
    """Redis and an HTTP endpoint for embeddings, whose clients import much on their first call."""
    function = packages.function("documents_search")
    event = http_event("GET", f"{COLLECTION}/search", query="q=one")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "INSERT INTO concord.collection (name, language, space_id)"
            " VALUES ('guides', 'english', concord.open_embedding_space('all-MiniLM-L6-v2', 384))"
        )
    with RedisServer() as redis, EmbeddingEndpoint(_embed) as endpoint:
        variables = {
            "REDIS_URL": redis.url,
            "EMBEDDING_PROVIDER": "openai",
            "OPENAI_BASE_URL": endpoint.url,
            "OPENAI_API_KEY": "key",
        }
        with RunningFunction(function, environment(function, database_url) | variables) as running:
            assert status_and_code(running.invoke(event)) == (200, None), running.log
            assert running.compiled == []
        assert [received.path for received in endpoint.received] == ["/embeddings"]
        assert Redis.from_url(redis.url).keys()


def _embed(request: Any) -> dict[str, object]:
    vector = packed([1.0] * 384)
    return {"data": [{"index": place, "embedding": vector} for place, _ in enumerate(request["input"])]}


def test_a_failure_is_logged_with_what_the_layers_have(packages: PackageFolder) -> None:
    function = packages.function("documents_get")
    nobody = "postgresql://postgres@127.0.0.1:1/postgres"
    with RunningFunction(function, environment(function, nobody)) as running:
        assert status_and_code(running.invoke(HTTP["documents_get"][0])) == (503, "database_unavailable")
        assert '"message":"request_unavailable"' in running.log
        assert running.compiled == []


def imports_of(file: Path) -> Iterator[str]:
    """Every import statement of a file, wherever it stands, but for those that type checkers alone read."""
    pending: list[ast.AST] = [ast.parse(file.read_bytes())]
    while pending:
        node = pending.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import() | ast.ImportFrom():
                yield ast.unparse(node)
        pending += ast.iter_child_nodes(node)


def run(function: PackagedFunction, code: str) -> None:
    """Run a program where the function's package lies, its settings complete."""
    folders = [function.task, *(layer / "python" for layer in function.layers), lambda_runtime()]
    done = subprocess.run(
        [base_python(), "-S", "-P", "-c", code],
        env={
            **environment(function, "postgresql://postgres@127.0.0.1:1/postgres"),
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [*HTTP, *EVENTS])
def test_whatever_a_package_may_import_is_there(name: str, packages: PackageFolder) -> None:
    """Also what is imported late: by a first use, on failure, or with another setting."""
    function = packages.function(name)
    statements = {statement for file in function.task.rglob("*.py") for statement in imports_of(file)}
    assert len(statements) > 20
    run(function, "\n".join(sorted(statements, key=_future_first)))


def _future_first(statement: str) -> tuple[bool, str]:
    return not statement.startswith("from __future__"), statement


@pytest.mark.parametrize("name", [*HTTP, *EVENTS])
def test_garbage_is_collected_when_it_has_started_and_not_before(name: str, packages: PackageFolder) -> None:
    run(packages.function(name), GARBAGE.format(name=name))
