"""Exports in parts that are cut off, taken over, given up: a bundle is whole, or it is not there."""

import gzip
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from shared.database.rows import ExportRow
from shared.domain.bundles import check_bundle, read_document
from shared.domain.exports import MAX_ATTEMPTS, bundle_key, request_key
from shared.domain.principals import ADMIN, WORKER
from shared.errors import CollectionNotFound, StorageUnavailable
from shared.repositories import bundles
from shared.repositories.exports import ExportKey
from shared.services import bundle_parts, export_collection
from shared.services.build_export import ExportRun
from shared.services.request_export import create_export, get_export
from shared.storage.folder import FolderStorage
from shared.storage.protocol import SMALLEST_PART_BYTES
from shared.storage.s3 import S3Storage
from tests.builders.documents import a_document
from tests.builders.library import Library
from tests.builders.role_server import execute
from tests.builders.storage import s3_bucket

END_LEASES = "UPDATE concord.export SET lease_until = now() - interval '1 second'"
HOLD = "UPDATE concord.export SET lease_until = now() + interval '1 minute' WHERE state = 'running'"
NEVER = float("inf")


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "objects")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two documents each."""
    monkeypatch.setattr(bundle_parts, "PART_BYTES", 1)
    monkeypatch.setattr(export_collection, "DOCUMENTS_PER_UNIT", 2)


class Failing(FolderStorage):
    """A storage that fails at the step of that name, before or after it has done it."""

    def __init__(self, storage: FolderStorage, step: str, *, done: bool) -> None:
        super().__init__(storage.root)
        self._step, self._done = step, done

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        self._fail("put_part", done=False)
        etag = await super().put_part(key, upload_id, number, data)
        self._fail("put_part", done=True)
        return etag

    async def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        self._fail("complete_upload", done=False)
        await super().complete_upload(key, upload_id, etags)
        self._fail("complete_upload", done=True)

    async def abort_upload(self, key: str, upload_id: str) -> None:
        self._fail("abort_upload", done=False)
        await super().abort_upload(key, upload_id)

    def _fail(self, step: str, *, done: bool) -> None:
        if (step, done) == (self._step, self._done):
            raise StorageUnavailable


def run_of(library: Library, storage: FolderStorage, *, deadline: float = NEVER) -> ExportRun:
    return ExportRun(library.database, storage, WORKER, deadline)


async def asked(library: Library, storage: FolderStorage, *, documents: int = 10) -> ExportKey:
    await library.upsert(*(a_document(f"n{number}", f"Text {number}.") for number in range(documents)))
    row = await create_export(library.database, storage, ADMIN, library.name, with_vectors=False)
    return ExportKey(row.collection_id, row.id)


async def told(library: Library, storage: FolderStorage, key: ExportKey) -> ExportRow:
    row, _ = await get_export(library.database, storage, ADMIN, library.name, key.id)
    return row


async def exported_ids(storage: FolderStorage, key: ExportKey) -> list[str]:
    """Those of the bundle, which is whole."""
    lines = gzip.decompress(await storage.get(bundle_key(*key))).splitlines(keepends=True)
    assert check_bundle(lines).documents == len(lines) - 2
    return [read_document(line, 1).id for line in lines[1:-1]]


def in_parts(storage: FolderStorage) -> list[Path]:
    """What lies about of uploads."""
    return [path for path in (storage.root / "parts").rglob("*") if path.is_file()]


ALL = [f"n{number}" for number in range(10)]


async def test_a_run_out_of_time_asks_for_another(library: Library, storage: FolderStorage) -> None:
    key = await asked(library, storage)
    await storage.delete([request_key(*key)])
    for parts in range(1, 7):
        await run_of(library, storage, deadline=time.monotonic()).build(key)
        row = await told(library, storage, key)
        # Five of documents, and the last one with the footer alone.
        assert (row.state, len(row.parts), row.documents) == ("running", parts, min(2 * parts, 10))
        assert await storage.head(request_key(*key)) is not None
        assert await storage.head(bundle_key(*key)) is None
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    row = await told(library, storage, key)
    found = await storage.head(bundle_key(*key))
    assert found is not None
    assert (row.state, row.documents, row.bytes) == ("complete", 10, found.size)
    assert await exported_ids(storage, key) == ALL
    assert in_parts(storage) == []


async def test_a_killed_run_is_taken_over_when_its_lease_ends(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await asked(library, storage)
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    execute(database_url, "UPDATE concord.export SET lease_until = now() + interval '1 minute', holder = 'x'")
    await run_of(library, storage).build(key)
    assert (await told(library, storage, key)).state == "running"
    execute(database_url, END_LEASES)
    assert await run_of(library, storage, deadline=time.monotonic()).build_due() == 1
    assert len((await told(library, storage, key)).parts) == 1
    assert await run_of(library, storage).build_due() == 1
    assert await exported_ids(storage, key) == ALL


async def test_what_is_written_meanwhile_is_there_once_or_not_at_all(
    library: Library, storage: FolderStorage
) -> None:
    key = await asked(library, storage)
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    await library.delete("n0")
    names = ("n0", "n1", "n5", "late")
    await library.upsert(*(a_document(name, "New.") for name in names))
    await library.delete("n7")
    await run_of(library, storage).build(key)
    assert await exported_ids(storage, key) == [number for number in ALL if number != "n7"]
    row = await told(library, storage, key)
    assert (row.documents, row.documents_total) == (9, 10)


@pytest.mark.parametrize(
    ("step", "done"),
    [("put_part", False), ("put_part", True), ("complete_upload", False), ("complete_upload", True)],
)
async def test_a_storage_that_fails_is_come_back_to(
    library: Library, storage: FolderStorage, step: str, done: bool
) -> None:
    key = await asked(library, storage)
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    with pytest.raises(StorageUnavailable):
        await run_of(library, Failing(storage, step, done=done)).build(key)
    assert (await told(library, storage, key)).state == "running"
    await run_of(library, storage).build(key)
    assert (await told(library, storage, key)).state == "complete"
    assert await exported_ids(storage, key) == ALL
    assert in_parts(storage) == []


@pytest.mark.parametrize("aborts", [True, False])
async def test_after_so_many_failures_it_is_given_up(
    library: Library, storage: FolderStorage, *, aborts: bool
) -> None:
    key = await asked(library, storage)
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(StorageUnavailable):
            await run_of(library, Failing(storage, "put_part", done=False)).build(key)
    last = storage if aborts else Failing(storage, "abort_upload", done=False)
    await run_of(library, last).build(key)
    row = await told(library, storage, key)
    assert (row.state, row.error_code, row.documents) == ("failed", "export_interrupted", 2)
    assert (in_parts(storage) == []) is aborts
    await run_of(library, storage).build(key)
    assert (await told(library, storage, key)).state == "failed"


@pytest.mark.parametrize("parts", [1, 6])
async def test_parts_that_the_storage_has_removed(
    library: Library, storage: FolderStorage, parts: int
) -> None:
    """While there is more to store, and when all of it is."""
    key = await asked(library, storage)
    for _ in range(parts):
        await run_of(library, storage, deadline=time.monotonic()).build(key)
    row = await told(library, storage, key)
    await storage.abort_upload(bundle_key(*key), row.upload_id or "")
    await run_of(library, storage).build(key)
    row = await told(library, storage, key)
    assert (row.state, row.error_code) == ("failed", "export_interrupted")
    assert row.error == "The storage has given up the parts of the bundle; start another export."


class TakenOver(FolderStorage):
    """While a part is stored, something else is done in the database."""

    def __init__(self, storage: FolderStorage, database_url: str, statement: str) -> None:
        super().__init__(storage.root)
        self._doing = (database_url, statement)

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        execute(*self._doing)
        return await super().put_part(key, upload_id, number, data)


async def test_who_was_taken_over_from_leaves_all_as_it_is(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await asked(library, storage)
    taken = TakenOver(storage, database_url, "UPDATE concord.export SET holder = 'another'")
    await run_of(library, taken).build(key)
    row = await told(library, storage, key)
    assert (row.state, row.holder, row.parts) == ("running", "another", [])


async def test_a_deleted_collection_leaves_nothing(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await asked(library, storage)
    await run_of(library, storage, deadline=time.monotonic()).build(key)
    other = await create_export(library.database, storage, ADMIN, library.name, with_vectors=False)
    await run_of(library, storage).build(ExportKey(other.collection_id, other.id))
    await library.drop()
    # Whoever is at work on it finds out at the next part; nobody begins it anew.
    await run_of(library, storage).build(key)
    await library.maintain()
    execute(database_url, HOLD)
    await run_of(library, storage).remove_stale()
    assert execute(database_url, "SELECT id FROM concord.export") == [(key.id,)]
    assert in_parts(storage) != []
    execute(database_url, END_LEASES)
    await run_of(library, storage).remove_stale()
    assert execute(database_url, "SELECT id FROM concord.export") == []
    assert [path for path in storage.root.rglob("*") if path.is_file()] == []


async def test_a_collection_that_is_deleted_while_a_part_is_stored(
    library: Library, storage: FolderStorage, database_url: str
) -> None:
    key = await asked(library, storage)
    bury = "UPDATE concord.collection SET deleted_at = now()"
    await run_of(library, TakenOver(storage, database_url, bury)).build(key)
    assert execute(database_url, "SELECT state, documents FROM concord.export") == [("running", 0)]
    async with library.database.unit_of_work(WORKER) as unit:
        with pytest.raises(CollectionNotFound):
            await bundles.find_exported(unit, key.collection_id)


LARGE = """
    WITH noise AS (SELECT string_agg(md5(random()::text), ' ') AS body FROM generate_series(1, 100000))
    INSERT INTO concord.document (collection_id, id, number, index_number, body, content_hash, text_hash)
    SELECT c.id, 'n' || n, n, n, noise.body, '', '' FROM concord.collection c, noise, generate_series(1, 10) n
"""


async def test_in_s3_its_parts_are_one_object(
    library: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which refuses parts that are too small."""
    monkeypatch.setattr(bundle_parts, "PART_BYTES", SMALLEST_PART_BYTES)
    execute(database_url, LARGE)
    with s3_bucket() as bucket:
        storage = S3Storage(bucket)
        row = await create_export(library.database, storage, ADMIN, library.name, with_vectors=True)
        key = ExportKey(row.collection_id, row.id)
        await ExportRun(library.database, storage, WORKER, time.monotonic()).build(key)
        row, download = await get_export(library.database, storage, ADMIN, library.name, row.id)
        assert (row.state, len(row.parts), download) == ("running", 1, None)
        await ExportRun(library.database, storage, WORKER, NEVER).build(key)
        row, download = await get_export(library.database, storage, ADMIN, library.name, row.id)
        assert download is not None
        async with httpx.AsyncClient() as client:
            received = (await client.get(download.url)).content
        lines = gzip.decompress(received).splitlines(keepends=True)
        assert (row.bytes, check_bundle(lines).documents, len(row.parts)) == (len(received), 10, 3)
        run = ExportRun(library.database, storage, WORKER, NEVER)
        await library.drop()
        await run.remove_stale()
        assert await storage.head(bundle_key(*key)) is None
