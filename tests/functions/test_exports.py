"""Exports from their request to their bundle, by the functions themselves."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.domain.bundles import check_bundle, read_document
from shared.domain.exports import MAX_ATTEMPTS, MOST_UNFINISHED
from shared.local.lambda_calls import storage_event
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.role_server import execute

EXPORTS = "/v1/collections/guides/exports"
AGE = """
    UPDATE concord.export
    SET created_at = created_at - interval '{0}', updated_at = updated_at - interval '{0}'
"""

type Json = dict[str, Any]


class Exports:
    """The export functions on the collection `guides`."""

    def __init__(self, functions: Functions, objects: Path) -> None:
        self._functions = functions
        self._objects = objects

    def create(self, body: object = None, *, status: int = 202, path: str = EXPORTS) -> Json:
        answer = self._functions("exports_create", http_event("POST", path, body))
        assert answer["statusCode"] == status, answer
        created: Json = answer["body"]
        return created

    def build(self, export_id: str) -> Json:
        """Tell the worker of the export's request, and return what became of it."""
        (path,) = self._objects.glob(f"content/export-requests/*/{export_id}")
        key = path.relative_to(self._objects / "content").as_posix()
        assert self._functions.process("exports_build", storage_event(key, 0)) == {"exports": 1}
        return self.get(export_id)

    def get(self, export_id: str, *, status: int = 200, path: str = EXPORTS) -> Json:
        answer = self._functions("exports_get", http_event("GET", f"{path}/{export_id}"))
        assert answer["statusCode"] == status, answer
        found: Json = answer["body"]
        return found

    def sweep(self) -> int:
        swept: int = self._functions.process("exports_build", {"schedule": "build-exports"})["exports"]
        return swept

    def files(self) -> list[Path]:
        """Of objects, and of parts of them."""
        found = [*self._objects.glob("content/**/*"), *self._objects.glob("parts/**/*")]
        return sorted(path for path in found if path.is_file())

    def bundle(self) -> list[bytes]:
        (path,) = self._objects.glob("content/exports/*/*")
        return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


@pytest.fixture
def exports(functions: Functions, guides: object, tmp_path: Path) -> Exports:
    assert guides
    return Exports(functions, tmp_path / "objects")


def test_a_collection_becomes_a_bundle(exports: Exports, guides: Callable[..., Json]) -> None:
    guides({"id": "one", "body": "River."}, {"id": "two", "body": "Hill.", "metadata": {"n": 2}})
    created = exports.create()
    assert (created["state"], created["vectors"]) == ("waiting", False)
    assert (created["documents"], created["documents_total"], created["bytes"]) == (0, 2, 0)
    assert exports.get(created["id"])["download"] is None
    done = exports.build(created["id"])
    assert (done["state"], done["documents"], done["error"]) == ("complete", 2, None)
    assert done["bytes"] == sum(path.stat().st_size for path in exports.files())
    address = f"https://api.example.com/uploads/exports/1/{created['id']}.ndjson.gz?filename=guides-"
    assert done["download"]["url"].startswith(address)
    assert done["finished_at"] < done["download"]["expires_at"] < done["expires_at"]
    lines = exports.bundle()
    checked = check_bundle(lines)
    assert (checked.header.collection.name, checked.documents, checked.header.vectors) == ("guides", 2, False)
    documents = [read_document(line, 1) for line in lines[1:-1]]
    assert [(document.id, document.metadata) for document in documents] == [("one", {}), ("two", {"n": 2})]


def test_an_empty_collection_is_a_bundle_too(exports: Exports) -> None:
    done = exports.build(exports.create({"vectors": True})["id"])
    assert (done["state"], done["documents"], done["documents_total"]) == ("complete", 0, 0)
    assert check_bundle(exports.bundle()).header.vectors is True


def test_what_is_deleted_is_not_exported_before_it_is_removed(
    exports: Exports, functions: Functions, guides: Callable[..., Json]
) -> None:
    for start in (0, 600):
        guides(*({"id": str(n), "body": "River.", "metadata": {"n": n}} for n in range(start, start + 600)))
    event = http_event("POST", "/v1/collections/guides/documents/delete", {"filter": "n >= 2"})
    assert functions("documents_delete_by_filter", event)["body"]["purged"] is False
    done = exports.build(exports.create()["id"])
    assert (done["documents"], done["documents_total"]) == (2, 2)
    assert [read_document(line, 1).id for line in exports.bundle()[1:-1]] == ["0", "1"]


def test_a_collection_is_exported_by_another_name(exports: Exports, functions: Functions) -> None:
    functions("aliases_put", http_event("PUT", "/v1/aliases/books", {"collection": "guides"}))
    path = "/v1/collections/books/exports"
    created = exports.create(path=path)
    exports.build(created["id"])
    found = exports.get(created["id"], path=path)
    assert (found["state"], "filename=guides-" in found["download"]["url"]) == ("complete", True)
    assert check_bundle(exports.bundle()).header.collection.name == "guides"


def test_what_is_not_there(exports: Exports) -> None:
    nowhere = "/v1/collections/nothing/exports"
    assert exports.create(status=404, path=nowhere)["error"]["code"] == "collection_not_found"
    assert exports.get("0" * 24, status=404, path=nowhere)["error"]["code"] == "collection_not_found"
    assert exports.get("0" * 24, status=404)["error"]["details"][0]["field"] == "id"
    assert exports.get("x", status=422)["error"]["details"][0]["field"] == "id"
    assert exports.create({"vector": True}, status=422)["error"]["details"][0]["field"] == "vector"


def test_so_many_are_built_at_once(exports: Exports, database_url: str) -> None:
    created = [exports.create() for _ in range(MOST_UNFINISHED)]
    refused = exports.create(status=409)["error"]
    assert (refused["code"], "five exports" in refused["message"]) == ("too_many_exports", True)
    exports.build(created[0]["id"])
    exports.create()
    # Nobody has looked at them for a day: their requests were lost.
    execute(database_url, AGE.format("1 day"))
    exports.create()


def test_an_export_is_kept_for_a_week(exports: Exports, database_url: str) -> None:
    created = exports.create()
    exports.build(created["id"])
    execute(database_url, AGE.format("6 days 23 hours 30 minutes"))
    found = exports.get(created["id"])
    assert found["download"]["expires_at"] <= found["expires_at"]
    assert exports.sweep() == 0
    execute(database_url, AGE.format("30 minutes"))
    assert exports.get(created["id"])["download"] is None
    exports.sweep()
    exports.get(created["id"], status=404)
    assert exports.files() == []


def test_a_request_that_nobody_told_of_is_found(exports: Exports, database_url: str) -> None:
    created = exports.create()
    assert exports.sweep() == 0
    execute(database_url, AGE.format("1 minute"))
    assert exports.sweep() == 1
    assert exports.get(created["id"])["state"] == "complete"


def test_one_that_takes_its_worker_down_is_given_up(exports: Exports, database_url: str) -> None:
    created = exports.create()
    execute(database_url, f"UPDATE concord.export SET attempts = {MAX_ATTEMPTS}")
    failed = exports.build(created["id"])
    assert (failed["state"], failed["error_code"]) == ("failed", "export_interrupted")
    assert failed["download"] is None


def test_what_is_no_request(exports: Exports, functions: Functions) -> None:
    assert exports.files() == []
    for key in ("imports/1/abc", "export-requests/none/abc", "export-requests/1/abc/def"):
        assert functions.process("exports_build", storage_event(key, 1)) == {"exports": 0}
    assert functions.process("exports_build", storage_event("export-requests/1/abc", 1)) == {"exports": 1}
    with pytest.raises(Exception, match="no object that was stored"):
        functions.process("exports_build", {"source": "aws.s3"})
