"""A full disk, of the database or of the files: callers are told to come back, and nothing is lost."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.errors import DatabaseUnavailable, StorageUnavailable
from shared.local.lambda_calls import storage_event
from shared.local.uploads import Uploads
from shared.storage.folder import FolderStorage
from tests.builders.calls import Calls, body_of
from tests.builders.events import http_event
from tests.builders.fallible_postgres import FalliblePostgres
from tests.builders.functions import Functions
from tests.builders.role_server import execute
from tests.builders.small_disk import SmallDisk, small_disk
from tests.faults.conftest import Figures, OpenFunctions

END_LEASES = "UPDATE concord.import SET lease_until = now() - interval '1 second'"
IMPORTS = "/v1/collections/library/imports"
DOCUMENTS = 12_000
# A group of documents needs less, and all of them more.
ROOM_FOR_SOME = 6_000_000


@pytest.fixture
def disk(server: FalliblePostgres) -> Iterator[SmallDisk]:
    """Where the server may put a database."""
    with small_disk(server.data.parents[1] / "disk", megabytes=64) as mounted:
        shutil.chown(mounted.folder, server.data.stat().st_uid)
        yield mounted
        # Its processes have files open there.
        server.stop("immediate")


@pytest.fixture
def functions(server: FalliblePostgres, disk: SmallDisk, functions_of: OpenFunctions) -> Functions:
    """All functions, on a database that lies on the small disk."""
    server.execute(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
    server.execute("CREATE DATABASE tiny TEMPLATE postgres TABLESPACE small")
    return functions_of(url_of(server))


def url_of(server: FalliblePostgres) -> str:
    return server.url.replace("/postgres?", "/tiny?")


def lines(count: int) -> bytes:
    return b"".join(
        json.dumps({"id": f"n{number}", "body": body_of(f"n{number}")}).encode() + b"\n"
        for number in range(count)
    )


class Imports:
    """The import functions, with their files in a folder."""

    def __init__(self, functions: Functions, objects: Path) -> None:
        self._functions = functions
        self._objects = objects

    def create(self, content: bytes) -> tuple[int, str]:
        """The status, and the import's id or the code of the error."""
        asked = {"format": "ndjson", "content": content.decode()}
        answer = self._functions("imports_create", http_event("POST", IMPORTS, asked))
        body = answer["body"]
        return answer["statusCode"], body["import"]["id"] if "import" in body else body["error"]["code"]

    def process(self, import_id: str) -> None:
        """Tell the worker of the import's object."""
        (path,) = self._objects.glob(f"content/imports/*/{import_id}/data")
        key = path.relative_to(self._objects / "content").as_posix()
        self._functions.process("imports_process", storage_event(key, path.stat().st_size))

    def sweep(self) -> None:
        self._functions.process("imports_process", {"schedule": "now"})

    def told_of(self, import_id: str) -> tuple[str, int, int]:
        """State, documents created, lines that failed."""
        answer = self._functions("imports_get", http_event("GET", f"{IMPORTS}/{import_id}"))["body"]
        return answer["state"], answer["created"], answer["failed"]


def test_a_database_without_room(
    server: FalliblePostgres, disk: SmallDisk, functions: Functions, figures: Figures
) -> None:
    calls = Calls(functions)
    calls.create()
    calls.write("before")
    disk.fill()
    # Pages that are there already have some room left.
    assert calls.write_until_refused("meanwhile") == "database_unavailable"
    assert calls.found("harbour") >= {"before"}
    disk.make_room()
    calls.write("reopened")
    assert calls.found("reopened") == {"reopened"}
    figures.add("Disk of Postgres: writes", calls.recount(url_of(server)))


def test_an_import_into_a_database_without_room(
    server: FalliblePostgres, disk: SmallDisk, functions: Functions, figures: Figures, tmp_path: Path
) -> None:
    """It goes on where it was, by itself."""
    calls, imports = Calls(functions), Imports(functions, tmp_path / "objects")
    calls.create()
    status, started = imports.create(lines(DOCUMENTS))
    assert status == 201
    disk.fill(but_bytes=ROOM_FOR_SOME)
    with pytest.raises(DatabaseUnavailable):
        imports.process(started)
    state, created, failed = imports.told_of(started)
    assert (state, failed) == ("running", 0)
    assert 0 < created < DOCUMENTS
    disk.make_room()
    execute(url_of(server), END_LEASES)
    imports.sweep()
    assert imports.told_of(started) == ("done", DOCUMENTS, 0)
    ids = [f"n{number}" for number in range(DOCUMENTS)]
    figures.add("Disk of Postgres: import", calls.recount(url_of(server), *ids))


@pytest.fixture
def full_folder(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small", megabytes=2) as mounted:
        yield mounted


def test_an_import_whose_file_has_no_room(
    full_folder: SmallDisk,
    database_url: str,
    functions_of: OpenFunctions,
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    functions = functions_of(database_url)
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{full_folder.folder}/objects")
    calls, imports = Calls(functions), Imports(functions, full_folder.folder / "objects")
    calls.create()
    full_folder.fill()
    assert imports.create(lines(100)) == (503, "storage_unavailable")
    full_folder.make_room()
    status, started = imports.create(lines(100))
    assert status == 201
    imports.process(started)
    assert imports.told_of(started) == ("done", 100, 0)
    figures.add(
        "Disk of files: import", calls.recount(database_url, *(f"n{number}" for number in range(100)))
    )


async def test_an_upload_that_has_no_room(full_folder: SmallDisk) -> None:
    storage = FolderStorage(full_folder.folder)
    application = FastAPI()
    application.add_middleware(Uploads, storage=storage)
    transport = httpx.ASGITransport(app=application)
    address = storage.presign_put("imports/1/a", seconds=60, content_type="text/csv", size=None)
    upload = await storage.start_upload("exports/1/b", "text/plain")
    large = b"x" * 1_000_000
    full_folder.fill()
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        refused = await client.put(address, content=large, headers={"content-type": "text/csv"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "storage_unavailable")
        for failing in (
            storage.put_part("exports/1/b", upload, 1, large),
            storage.start_upload("exports/1/c", "text/plain"),
        ):
            with pytest.raises(StorageUnavailable, match="No space left"):
                await failing
        assert await storage.head("imports/1/a") is None
        full_folder.make_room()
        stored = await client.put(address, content=large, headers={"content-type": "text/csv"})
        assert stored.status_code == 200
    assert await storage.get("imports/1/a") == large
