"""Every function does its work signed in as its role."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.domain import ranking
from shared.domain.signing_keys import FetchedKeySet
from shared.domain.usage import Usage, UsageEntry, UsageReport, today
from shared.local.lambda_calls import storage_event
from shared.storage.folder import FolderStorage
from tests.builders.events import failed_records, http_event, schedule_event, sqs_event
from tests.builders.functions import Functions
from tests.builders.issuer import AUDIENCE, ISSUER, Key
from tests.builders.role_server import FUNCTIONS_OF_ROLE, execute

FOLDERS = Path(__file__).parents[3] / "functions"
WITHOUT_A_DATABASE = {"health_get", "jwks_fetch", "openapi_get", "sources_fetch"}
ROOT = "/v1/collections"
BEGUN_CHANGE = """
    INSERT INTO concord.embedding_change (collection_id, old_space_id, new_space_id, last_number)
    SELECT id, space_id, concord.open_embedding_space('other', 3), 3 FROM concord.collection
"""


class RoleFunctions:
    """The functions, each on a connection of its role; `called` has the names of those that were."""

    def __init__(self, urls: dict[str, str], set_variable: Callable[[str, str], None]) -> None:
        self.called: set[str] = set()
        self._urls = urls
        self._set_variable = set_variable
        self._functions = Functions()

    def __call__(self, name: str, method: str, path: str, body: object = None, **query: str) -> Any:
        """The answer's body, of a request that succeeds."""
        self._sign_in(name)
        text = "&".join(f"{field}={value}" for field, value in query.items())
        path = path if path.startswith("/v1/") else f"{ROOT}{path}"
        answer = self._functions(name, http_event(method, path, body, query=text))
        assert answer["statusCode"] < 400, answer
        return answer["body"]

    def process(self, name: str, event: dict[str, Any]) -> Any:
        self._sign_in(name)
        return self._functions.process(name, event)

    def close(self) -> None:
        self._functions.close()

    def _sign_in(self, name: str) -> None:
        """A function reads its settings at its first call."""
        (role,) = (role for role, names in FUNCTIONS_OF_ROLE.items() if name in names)
        self._set_variable("DATABASE_URL", self._urls[role])
        self.called.add(name)


@pytest.fixture
def call(
    role_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model_directory: Path
) -> Iterator[RoleFunctions]:
    monkeypatch.setenv("ENVIRONMENT", "local")
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{tmp_path}")
    monkeypatch.setenv("KEY_HASH_SECRET", "a secret of 32 characters or more")
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(model_directory))
    monkeypatch.setattr(ranking, "EXACT_CHUNKS", 0)
    functions = RoleFunctions(role_urls, monkeypatch.setenv)
    yield functions
    functions.close()


def give_another_name(call: RoleFunctions) -> None:
    assert call("aliases_put", "PUT", "/v1/aliases/books", {"collection": "guides"})["collection"] == "guides"
    assert len(call("aliases_list", "GET", "/v1/aliases")["aliases"]) == 1
    assert call("collections_get", "GET", "/books")["name"] == "guides"
    call("aliases_delete", "DELETE", "/v1/aliases/books")


def sign_in_by_jwt(call: RoleFunctions) -> None:
    """By a key that one function has stored, and another, which may not, reads."""
    for name, text in (("JWT_ISSUER", ISSUER), ("JWT_AUDIENCE", AUDIENCE), ("ADMIN_KEY_HASH", "0" * 64)):
        call._set_variable(name, text)
    key = Key("one")
    message = FetchedKeySet.of(ISSUER, datetime.now(UTC), [key.public()]).to_message()
    assert call.process("jwks_store", sqs_event(message)) == failed_records()
    call._sign_in("aliases_list")
    bearer = {"authorization": f"Bearer {key.token(permissions=['collections:read'])}"}
    fresh = Functions()
    try:
        assert fresh("aliases_list", http_event("GET", "/v1/aliases", headers=bearer))["statusCode"] == 200
    finally:
        fresh.close()
    call._set_variable("JWT_ISSUER", "")
    call._set_variable("ADMIN_KEY_HASH", "")


def use_a_key(call: RoleFunctions) -> None:
    wanted = {"actions": ["documents:search"], "collections": ["guides"]}
    made = call("keys_create", "POST", "/v1/keys", wanted)
    assert [key["id"] for key in call("keys_list", "GET", "/v1/keys")["keys"]] == [made["id"]]
    call("keys_revoke", "DELETE", f"/v1/keys/{made['id']}")


def test_every_function_has_its_role() -> None:
    folders = {path.parent.name for path in FOLDERS.glob("*/handler.py")}
    with_a_role = [name for names in FUNCTIONS_OF_ROLE.values() for name in names]
    assert sorted([*with_a_role, *WITHOUT_A_DATABASE, "database_migrate"]) == sorted(folders)


def check_embedding(call: RoleFunctions, migrated_url: str) -> None:
    """A change that another model would have to carry out is told, switched back, and given up."""
    execute(migrated_url, BEGUN_CHANGE)
    plan = {"model": "other", "dimensions": 3, "dry_run": True}
    assert call("embeddings_change", "POST", "/guides/embedding", plan)["plan"]["documents"] == 3
    assert call("embeddings_get", "GET", "/guides/embedding")["change"]["state"] == "backfilling"
    same = call("embeddings_switch", "POST", "/guides/embedding/switch", {"to": "old"})
    assert same["serving"]["dimensions"] == 384
    cleaned = call("embeddings_clean", "DELETE", "/guides/embedding/change")
    assert cleaned["change"]["state"] == "cleaned"


def check_export(call: RoleFunctions, collection_id: object) -> None:
    created = call("exports_create", "POST", "/guides/exports", {"vectors": True})
    request = storage_event(f"export-requests/{collection_id}/{created['id']}", 0)
    assert call.process("exports_build", request) == {"exports": 1}
    assert call("exports_get", "GET", f"/guides/exports/{created['id']}")["state"] == "complete"


def test_the_whole_api_works_with_the_roles(  # noqa: PLR0915 - one story, function after function
    call: RoleFunctions, migrated_url: str, tmp_path: Path
) -> None:
    call("collections_create", "POST", "", {"name": "guides"})
    documents = [
        {"id": name, "body": f"A {name}.", "metadata": {"name": name}} for name in ("river", "hill", "oak")
    ]
    stored = call("documents_upsert", "POST", "/guides/documents", {"documents": documents})
    assert [item["status"] for item in stored["items"]] == ["created"] * 3
    (collection_id, number) = execute(
        migrated_url, "SELECT collection_id, number FROM concord.document WHERE id = 'river'"
    )[0]
    message = json.dumps({"collection_id": collection_id, "document_numbers": [number]})
    assert call.process("chunks_embed", sqs_event(message)) == {"batchItemFailures": []}
    call.process("chunks_embed", schedule_event())
    assert call("collections_get", "GET", "/guides")["pending"] == 0

    check_embedding(call, migrated_url)
    # The index is built, is used, and is written to afterwards.
    assert call.process("indexes_maintain", schedule_event())["indexed_collections"] == 1
    found = call(
        "documents_search",
        "POST",
        "/guides/search",
        {"q": "a stream", "mode": "semantic", "filter": 'name = "river"'},
    )
    assert [hit["document"]["id"] for hit in found["hits"]] == ["river"]
    changed = call("documents_update", "PATCH", "/guides/documents/river", {"body": "A harbour."})
    assert changed["embedding_state"] == "pending"
    call.process("chunks_embed", schedule_event())
    assert call("documents_get", "GET", "/guides/documents/river")["embedding_state"] == "ready"
    found = call("documents_search", "GET", "/guides/search", q="port", mode="hybrid")
    assert found["hits"][0]["document"]["id"] == "river"
    suggested = call("documents_suggest", "GET", "/guides/suggest", q="habrour+harb")
    assert [suggestion["text"] for suggestion in suggested["suggestions"]] == ["harbour harbour"]
    similar = call("documents_similar", "GET", "/guides/documents/river/similar")
    assert {hit["document"]["id"] for hit in similar["hits"]} == {"hill", "oak"}
    previewed = call(
        "chunks_preview", "POST", "/guides/chunks/preview", {"document": {"id": "a", "body": "A."}}
    )
    assert [chunk["text"] for chunk in previewed["chunks"]] == ["A."]
    several = call(
        "documents_multi_search", "POST", "/v1/search", {"searches": [{"collection": "guides", "q": "hill"}]}
    )
    assert (several["errors"], len(several["items"])) == (0, 1)
    report = UsageReport((UsageEntry(today(), "ada", Usage(searches=1)),))
    assert call.process("usage_record", sqs_event(report.to_message())) == {"batchItemFailures": []}
    assert [day["searches"] for day in call("usage_get", "GET", "/v1/usage", of="ada")["usage"]] == [1]
    assert call("audit_list", "GET", "/v1/audit", action="documents.update")["entries"][0]["objects"] == [
        "river"
    ]
    assert len(call("documents_list", "GET", "/guides/documents")["documents"]) == 3

    created = call(
        "imports_create", "POST", "/guides/imports", {"format": "file", "name": "a.md", "content": "# A"}
    )["import"]
    call.process("imports_process", storage_event(f"imports/{collection_id}/{created['id']}/data", 3))
    path = f"/guides/imports/{created['id']}"
    assert call("imports_get", "GET", path)["created"] == 1
    assert len(call("imports_list", "GET", "/guides/imports")["imports"]) == 1
    assert call("documents_original", "GET", "/guides/documents/a.md/original") is None
    assert call("imports_retry", "POST", f"{path}/retry", {})["state"] == "waiting"
    assert call("imports_cancel", "POST", f"{path}/cancel", {})["state"] == "cancelled"
    assert call.process("imports_process", schedule_event()) == {"imports": 0}
    call("documents_delete", "DELETE", "/guides/documents/a.md")
    check_export(call, collection_id)

    page = {"id": "about", "kind": "page", "url": "http://127.0.0.1:9/about"}
    assert call("sources_create", "POST", "/guides/sources", page)["refreshing"] is True
    outcome = {"collection_id": collection_id, "source_id": "about", "run": 1, "batch": 1}
    item = {"key": page["url"], "state": "fetched", "file": "fetched/files/a", "name": "a.txt"}
    storage = FolderStorage(tmp_path)
    asyncio.run(storage.put("fetched/files/a", b"About us.", "text/plain"))
    text = json.dumps({**outcome, "items": [item]})
    asyncio.run(storage.put("fetched/outcomes/1", text.encode(), "application/json"))
    call.process("sources_store", storage_event("fetched/outcomes/1", 1))
    assert call("sources_get", "GET", "/guides/sources/about")["runs"][0]["changed"] == 1
    assert call("sources_update", "PATCH", "/guides/sources/about", {"refresh": True})["refreshing"] is True
    assert len(call("sources_list", "GET", "/guides/sources")["sources"]) == 1
    assert call.process("sources_refresh", schedule_event())["begun"] == 0
    deleted = call("sources_delete", "DELETE", "/guides/sources/about")
    assert deleted == {"deleted": 1, "complete": True}

    call("documents_delete", "DELETE", "/guides/documents/oak")
    call("documents_upsert", "POST", "/guides/documents", {"documents": [{"id": "brief"}]})
    execute(migrated_url, "UPDATE concord.document SET expires_at = now() WHERE id = 'brief'")
    expired = call.process("documents_expire", schedule_event())
    assert expired == {"collections": 1, "documents": 1, "complete": True}
    assert (
        call("documents_delete_by_filter", "POST", "/guides/documents/delete", {"filter": 'name = "hill"'})[
            "deleted"
        ]
        == 1
    )
    give_another_name(call)
    sign_in_by_jwt(call)
    use_a_key(call)
    call("collections_update", "PATCH", "/guides", {"name": "manuals"})
    assert call("collections_get", "GET", "/manuals")["documents"] == 1
    assert call.process("indexes_maintain", schedule_event())["compacted_terms"] > 0

    call("collections_delete", "DELETE", "/manuals")
    assert call("collections_list", "GET", "")["collections"] == []
    report = call.process("indexes_maintain", schedule_event())
    assert (report["purged_rows"] > 0, report["complete"]) == (True, True)
    assert execute(migrated_url, "SELECT count(*) FROM concord.collection") == [(0,)]
    assert call.called == {name for names in FUNCTIONS_OF_ROLE.values() for name in names}
