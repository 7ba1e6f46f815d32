"""Files that are imported by a deployed Concord: what is sent where, and what is told of failures."""

from pathlib import Path
from typing import Any

import pytest

from shared.cli import api_client
from shared.cli.api_client import ApiError, ApiUnreachable, ConcordApi, with_api
from shared.cli.file_imports import FileToImport, ImportChoices
from shared.cli.ingestion import IngestReport, ItemError, ingest
from tests.builders.deployment import Deployment

FOUND = {"state": "done", "created": 2, "updated": 0, "unchanged": 0, "failed": 0, "error": None}
NO_ERRORS: dict[str, Any] = {"errors": [], "more_errors": False}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_API_KEY", "secret")
    monkeypatch.setattr(api_client, "RETRY_PAUSES", (0.01, 0.01))


@pytest.fixture
def lines(tmp_path: Path) -> FileToImport:
    path = tmp_path / "lines.ndjson"
    path.write_bytes(b'{"id": "a"}\n{"id": "b"}\n')
    return FileToImport("lines.ndjson", path, "lines.ndjson", "ndjson")


def created(deployment: Deployment) -> dict[str, Any]:
    upload = {"url": f"{deployment.url}/bucket/x", "method": "PUT", "headers": {"content-type": "text/x"}}
    return {"import": {"id": "i1"}, "upload": upload}


def run(deployment: Deployment, file: FileToImport, choices: ImportChoices | None = None) -> IngestReport:
    async def use(api: ConcordApi) -> IngestReport:
        return await ingest(api, "c", [file], lambda _: None, choices or ImportChoices(id_field="sku"))

    return with_api(deployment.url, use)


def test_a_file_goes_to_the_storage_without_the_key(deployment: Deployment, lines: FileToImport) -> None:
    deployment.answer(201, created(deployment))
    deployment.answer(503, b"")
    deployment.answer(200, b"")
    deployment.answer(200, {**FOUND, "state": "running"})
    deployment.answer(200, FOUND)
    deployment.answer(200, NO_ERRORS)
    report = run(deployment, lines)
    assert (report.counts, report.errors) == ({"created": 2, "updated": 0, "unchanged": 0}, [])
    methods = [(method, path.partition("?")[0]) for method, path, _, _ in deployment.asked]
    address = "/v1/collections/c/imports"
    assert methods == [
        ("POST", address),
        ("PUT", "/bucket/x"),
        ("PUT", "/bucket/x"),
        *[("GET", f"{address}/i1")] * 3,
    ]
    asked, put = deployment.asked[0], deployment.asked[2]
    assert b'"size":24' in asked[3]
    assert b'"id_field":"sku"' in asked[3]
    headers = {name.lower(): value for name, value in put[2].items()}
    assert "authorization" not in headers
    assert (headers["content-type"], headers["content-length"], put[3]) == (
        "text/x",
        "24",
        lines.path.read_bytes(),
    )


def test_errors_come_in_pages_and_beyond_them_in_numbers(deployment: Deployment, lines: FileToImport) -> None:
    error = {"document_id": None, "code": "not_json", "message": "No."}
    deployment.answer(201, created(deployment))
    deployment.answer(200, b"")
    deployment.answer(200, {**FOUND, "state": "cancelled", "failed": 5})
    deployment.answer(200, {"errors": [{**error, "line": 2}], "more_errors": True})
    deployment.answer(200, {"errors": [{**error, "line": 9}], "more_errors": False})
    report = run(deployment, lines)
    assert deployment.asked[-1][1].endswith("errors_after=2")
    assert report.errors == [
        ItemError("lines.ndjson:2", None, "No."),
        ItemError("lines.ndjson:9", None, "No."),
        ItemError("lines.ndjson", None, "3 more lines failed"),
        ItemError("lines.ndjson", None, "the import was cancelled"),
    ]


def test_an_import_that_fails_as_a_whole(deployment: Deployment, lines: FileToImport) -> None:
    deployment.answer(201, created(deployment))
    deployment.answer(200, b"")
    deployment.answer(200, {**FOUND, "state": "failed", "error": "The header says nothing."})
    deployment.answer(200, NO_ERRORS)
    assert run(deployment, lines).errors == [ItemError("lines.ndjson", None, "The header says nothing.")]


def test_a_refused_upload_is_told_and_the_rest_goes_on(deployment: Deployment, lines: FileToImport) -> None:
    deployment.answer(201, created(deployment))
    deployment.answer(403, b"<Error/>")
    (error,) = run(deployment, lines).errors
    assert error.message == "The upload of lines.ndjson was refused with status 403."


def test_a_file_that_is_gone_is_told(deployment: Deployment, tmp_path: Path) -> None:
    gone = FileToImport("gone.pdf", tmp_path / "gone.pdf", "gone.pdf", "file")
    assert run(deployment, gone).errors == [ItemError("gone.pdf", None, "No such file or directory")]


def test_a_storage_that_does_not_answer(lines: FileToImport) -> None:
    async def use(api: ConcordApi) -> None:
        upload = {"url": "http://127.0.0.1:1/x", "method": "PUT", "headers": {}}
        await api.upload(upload, lines.path)

    with pytest.raises(ApiUnreachable, match=r"127\.0\.0\.1 takes no upload"):
        with_api("http://127.0.0.1:1", use)


def test_who_may_not_import_is_told_once(deployment: Deployment, lines: FileToImport) -> None:
    refusal = {"error": {"code": "unauthenticated", "message": "A key is needed.", "details": []}}
    deployment.answer(401, refusal)
    with pytest.raises(ApiError, match="A key is needed"):
        run(deployment, lines)
