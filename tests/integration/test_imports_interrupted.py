"""Imports that are cut off, taken over, cancelled: nothing is lost, and nothing counted twice."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from shared.cache.null import NullCache
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.imports import (
    MOST_ERRORS_KEPT,
    DirtyPolicy,
    ImportFormat,
    ImportOptions,
    wake_up_key,
)
from shared.domain.principals import ADMIN, WORKER
from shared.errors import Conflict, ObjectNotFound, StorageUnavailable
from shared.queues.null import NullQueue
from shared.queues.protocol import WriteQueues
from shared.repositories import imports
from shared.repositories.imports import ImportKey
from shared.services import import_groups, process_import
from shared.services.create_import import NewImport, create_import
from shared.services.delete_collection import delete_collection
from shared.services.find_imports import get_import
from shared.services.process_import import ImportRun
from shared.services.steer_import import cancel_import, retry_import
from shared.storage.folder import FolderStorage
from tests.builders.library import Library, settings_of
from tests.builders.role_server import execute

END_LEASES = "UPDATE concord.import SET lease_until = now() - interval '1 second'"
KILLED = """
import asyncio, sys
from pathlib import Path
from tests.integration.test_imports_interrupted import run_apart
asyncio.run(run_apart(*sys.argv[1:]))
"""


def lines(count: int, *, start: int = 0) -> bytes:
    return b"".join(
        json.dumps({"id": f"n{number}", "body": f"Text number {number}."}).encode() + b"\n"
        for number in range(start, start + count)
    )


def import_run(database: Database, storage: FolderStorage, *, deadline: float = float("inf")) -> ImportRun:
    return ImportRun(database, storage, NullCache(), WriteQueues(NullQueue(), NullQueue()), WORKER, deadline)


async def run_apart(url: str, objects: str, collection_id: str, import_id: str) -> None:
    """What the process does that is to be killed."""
    database = open_connection(settings_of(url))
    await import_run(database, FolderStorage(Path(objects))).process(ImportKey(int(collection_id), import_id))


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "objects")


async def made(
    library: Library,
    storage: FolderStorage,
    content: bytes,
    *,
    format: ImportFormat = ImportFormat.NDJSON,  # noqa: A002 - as the service calls it
    policy: DirtyPolicy = DirtyPolicy.REJECT,
) -> ImportKey:
    asked = NewImport(format, "x", ImportOptions(policy), False, None, content)
    row, _ = await create_import(library.database, storage, ADMIN, library.name, asked)
    return ImportKey(row.collection_id, row.id)


async def told(library: Library, key: ImportKey) -> tuple[str, int, int, int, int]:
    row, _, _ = await get_import(library.database, ADMIN, library.name, key.id, errors_after=0, limit=1)
    return row.state, row.created, row.updated, row.unchanged, row.failed


async def stored(library: Library, key: ImportKey, count: int) -> None:
    """Wait until so many documents are."""
    async with asyncio.timeout(60):
        while (await told(library, key))[1] < count:  # noqa: ASYNC110 - another process stores them
            await asyncio.sleep(0.005)


async def test_a_killed_run_is_taken_over_and_every_document_counted_once(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    content = b"".join(lines(700, start=start) + b"no\n" for start in range(0, 21_000, 700))
    key = await made(library, storage, content)
    command = [sys.executable, "-c", KILLED, database_url, str(storage.root), *map(str, key)]
    process = await asyncio.create_subprocess_exec(*command)
    await stored(library, key, 1_000)
    process.kill()
    await process.wait()
    state, created, *_ = await told(library, key)
    assert state == "running"
    assert 1_000 <= created < 21_000
    run = import_run(library.database, storage)
    await run.process(key)
    assert (await told(library, key))[0] == "running"  # Its lease has not ended.
    execute(database_url, END_LEASES)
    assert await run.process_due() == 1
    assert await told(library, key) == ("done", 21_000, 0, 0, 30)
    assert execute(database_url, "SELECT count(*) FROM concord.document") == [(21_000,)]
    assert execute(database_url, "SELECT count(*) FROM concord.import_error") == [(30,)]


async def test_a_run_out_of_time_asks_for_another(library: Library, storage: FolderStorage) -> None:
    key = await made(library, storage, lines(1_200))
    assert await storage.head(wake_up_key(*key)) is None
    await import_run(library.database, storage, deadline=time.monotonic()).process(key)
    assert (await told(library, key))[:2] == ("running", 0)
    assert await storage.head(wake_up_key(*key)) is not None
    await import_run(library.database, storage).process(key)
    assert await told(library, key) == ("done", 1_200, 0, 0, 0)


async def test_rows_go_on_after_the_header(
    library: Library, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = b"id,body\n" + b"".join(b'r%d,"two\nlines"\n' % number for number in range(1_100))
    key = await made(library, storage, rows, format=ImportFormat.CSV)
    stopping = StopsAfter(storage, pieces=2)
    monkeypatch.setattr("shared.storage.folder.PIECE_BYTES", 9_000)
    monkeypatch.setattr(import_groups, "DOCUMENTS_PER_GROUP", 500)
    with pytest.raises(StorageUnavailable):
        await import_run(library.database, stopping).process(key)
    # Whole groups that were read before are there.
    state, created, *_ = await told(library, key)
    assert (state, created) == ("running", 1_000)
    await import_run(library.database, storage).process(key)
    assert await told(library, key) == ("done", 1_100, 0, 0, 0)


class StopsAfter(FolderStorage):
    """A storage that fails in the middle of an object."""

    def __init__(self, storage: FolderStorage, *, pieces: int) -> None:
        super().__init__(storage.root)
        self._pieces = pieces

    async def chunks(self, key: str, *, start: int = 0) -> AsyncGenerator[bytes]:
        left = self._pieces
        async for piece in super().chunks(key, start=start):
            if not left:
                raise StorageUnavailable
            left -= 1
            yield piece


async def test_a_cancelled_import_stores_nothing_more(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await made(library, storage, lines(5_000))

    async def cancel() -> None:
        await stored(other, key, 500)
        await cancel_import(other.database, ADMIN, library.name, key.id)

    second = open_connection(settings_of(database_url))
    other = Library(second, library.embedder, name=library.name)
    await asyncio.gather(import_run(library.database, storage).process(key), cancel())
    await second.aclose()
    state, created, *_ = await told(library, key)
    assert state == "cancelled"
    assert created < 5_000
    assert execute(database_url, "SELECT count(*) FROM concord.document") == [(created,)]
    with pytest.raises(Conflict):
        await cancel_import(library.database, ADMIN, library.name, key.id)


async def test_more_errors_are_counted_than_kept_and_all_is_read_again(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await made(library, storage, b"no\n" * (MOST_ERRORS_KEPT + 5) + lines(3))
    run = import_run(library.database, storage)
    await run.process(key)
    assert await told(library, key) == ("done", 3, 0, 0, MOST_ERRORS_KEPT + 5)
    assert execute(database_url, "SELECT count(*) FROM concord.import_error") == [(MOST_ERRORS_KEPT,)]
    await retry_import(library.database, storage, ADMIN, library.name, key.id, None)
    await run.process(key)
    assert await told(library, key) == ("done", 0, 0, 3, MOST_ERRORS_KEPT + 5)


async def test_what_is_too_large_fails_before_it_is_read(
    library: Library, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_import, "MAX_IMPORT_BYTES", 10)
    key = await made(library, storage, lines(3))
    await import_run(library.database, storage).process(key)
    row, _, _ = await get_import(library.database, ADMIN, library.name, key.id, errors_after=0, limit=1)
    assert (row.state, row.error_code) == ("failed", "payload_too_large")


async def test_many_items_that_fail_are_kept_group_by_group(
    library: Library, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_groups, "_ITEMS_PER_GROUP", 100)
    key = await made(library, storage, b"no\n" * 250)
    await import_run(library.database, storage).process(key)
    assert await told(library, key) == ("done", 0, 0, 0, 250)


async def test_an_import_of_a_collection_that_goes_is_over(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await made(library, storage, lines(3))
    await delete_collection(library.database, NullCache(), NullQueue(), ADMIN, library.name)
    await import_run(library.database, storage).process(key)
    execute(database_url, END_LEASES)
    assert await import_run(library.database, storage).process_due() == 0
    async with library.database.unit_of_work(WORKER) as unit:
        assert (await imports.find_import(unit, key)).created == 0


async def test_what_was_never_uploaded_waits(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    asked = NewImport(ImportFormat.CSV, "x", ImportOptions(), False, 3, None)
    row, upload = await create_import(library.database, storage, ADMIN, library.name, asked)
    assert upload is not None
    execute(database_url, "UPDATE concord.import SET updated_at = now() - interval '1 minute'")
    assert await import_run(library.database, storage).process_due() == 1
    assert await import_run(library.database, storage, deadline=0).process_due() == 1
    assert (await told(library, ImportKey(row.collection_id, row.id)))[0] == "waiting"
    with pytest.raises(ObjectNotFound):
        await storage.get(row.object_key)


async def test_a_last_group_that_is_full(
    library: Library, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_groups, "DOCUMENTS_PER_GROUP", 500)
    # The end of the last line, which has none, tells of the 501st document.
    key = await made(library, storage, lines(501).removesuffix(b"\n"))
    await import_run(library.database, storage).process(key)
    assert await told(library, key) == ("done", 501, 0, 0, 0)


async def test_nothing_is_an_import_too(library: Library, storage: FolderStorage) -> None:
    key = await made(library, storage, b"")
    await import_run(library.database, storage).process(key)
    assert await told(library, key) == ("done", 0, 0, 0, 0)


async def test_a_killed_run_comes_before_imports_whose_bytes_never_came(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    killed = await made(library, storage, lines(3))
    execute(
        database_url,
        "UPDATE concord.import SET state = 'running', holder = 'x', lease_until = now() - interval '1 s',"
        " updated_at = now() - interval '1 hour'",
    )
    asked = NewImport(ImportFormat.NDJSON, "x", ImportOptions(DirtyPolicy.REJECT), False, None, None)
    for _ in range(25):
        await create_import(library.database, storage, ADMIN, library.name, asked)
    execute(
        database_url,
        "UPDATE concord.import SET updated_at = now() - interval '1 minute' WHERE state = 'waiting'",
    )
    await import_run(library.database, storage).process_due(at_most=20)
    assert (await told(library, killed))[0] == "done"
