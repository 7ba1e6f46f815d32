"""What a folder and a bucket both do, each for real."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.config import StorageSettings
from shared.database.connections import SingleConnection
from shared.domain.principals import WORKER
from shared.errors import InvalidRequest, NetworkCallInUnitOfWork, ObjectNotFound, PayloadTooLarge
from shared.storage.opening import open_storage
from shared.storage.protocol import SMALLEST_PART_BYTES, ObjectStorage
from tests.builders.storage import s3_bucket

LARGE = bytes(range(256)) * 70_000


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket() as name:
        yield name


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    name = (
        f"folder:{tmp_path / 'objects'}" if request.param == "folder" else request.getfixturevalue("bucket")
    )
    return open_storage(StorageSettings(import_bucket=name))


async def test_an_object_comes_back_as_it_was_stored(storage: ObjectStorage) -> None:
    key = "imports/7/Übersicht #1 + 100 %?.csv"
    await storage.put(key, b"id,title\n", "text/csv")
    assert await storage.get(key) == b"id,title\n"
    found = await storage.head(key)
    assert found is not None
    assert (found.size, found.content_type) == (9, "text/csv")
    await storage.aclose()


async def test_an_object_is_replaced_as_a_whole(storage: ObjectStorage) -> None:
    await storage.put("replaced", b"a long first version", "text/plain")
    before = await storage.head("replaced")
    await storage.put("replaced", b"short", "text/html")
    after = await storage.head("replaced")
    assert await storage.get("replaced") == b"short"
    assert before is not None
    assert after is not None
    assert before.etag != after.etag
    assert after.content_type == "text/html"


async def test_a_file_is_stored_and_downloaded(storage: ObjectStorage, tmp_path: Path) -> None:
    given, received = tmp_path / "given", tmp_path / "received"
    given.write_bytes(LARGE)
    await storage.put("large", given, "application/pdf")
    await storage.download("large", received, at_most=len(LARGE))
    assert hashlib.sha256(received.read_bytes()).digest() == hashlib.sha256(LARGE).digest()


async def test_no_more_is_downloaded_than_wanted(storage: ObjectStorage, tmp_path: Path) -> None:
    await storage.put("heavy", b"12345", "text/plain")
    with pytest.raises(PayloadTooLarge, match="has 5 bytes; it may have 4"):
        await storage.download("heavy", tmp_path / "received", at_most=4)


async def test_large_objects_come_in_pieces(storage: ObjectStorage) -> None:
    await storage.put("pieces", LARGE, "application/octet-stream")
    pieces = [piece async for piece in storage.chunks("pieces")]
    assert b"".join(pieces) == LARGE
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 8_000_000
    rest = [piece async for piece in storage.chunks("pieces", start=len(LARGE) - 3)]
    assert rest == [LARGE[-3:]]


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (7, 100, b"789"), (3, None, b"3456789"), (10, 5, b""), (0, 0, b""), (10, None, b"")],
)
async def test_a_part_of_an_object(
    storage: ObjectStorage, start: int, length: int | None, expected: bytes
) -> None:
    await storage.put("digits", b"0123456789", "text/plain")
    assert await storage.get("digits", start=start, length=length) == expected


async def test_an_empty_object(storage: ObjectStorage, tmp_path: Path) -> None:
    await storage.put("empty", b"", "text/plain")
    assert await storage.get("empty") == b""
    assert [piece async for piece in storage.chunks("empty")] == []
    await storage.download("empty", tmp_path / "received", at_most=0)
    assert (tmp_path / "received").read_bytes() == b""


async def test_an_object_that_is_not_there(storage: ObjectStorage, tmp_path: Path) -> None:
    assert await storage.head("missing") is None
    with pytest.raises(ObjectNotFound):
        await storage.get("missing")
    with pytest.raises(ObjectNotFound):
        await storage.get("missing", length=3)
    with pytest.raises(ObjectNotFound):
        await storage.download("missing", tmp_path / "received", at_most=10)
    with pytest.raises(ObjectNotFound):
        [piece async for piece in storage.chunks("missing")]


async def test_objects_are_deleted_whether_they_are_there_or_not(storage: ObjectStorage) -> None:
    keys = [f"many/{number}" for number in range(12)]
    for key in keys[::2]:
        await storage.put(key, b"x", "text/plain")
    await storage.put("many/kept", b"x", "text/plain")
    await storage.delete(keys)
    assert [await storage.head(key) for key in keys] == [None] * 12
    assert await storage.head("many/kept") is not None


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../outside", "a/../../b", "a//b", "a/.", "a/", "a\\b", "a\x00b", "k" * 901],
)
async def test_keys_lead_nowhere_else(storage: ObjectStorage, tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidRequest):
        await storage.put(key, b"x", "text/plain")
    with pytest.raises(InvalidRequest):
        await storage.get(key)
    with pytest.raises(InvalidRequest):
        [piece async for piece in storage.chunks(key)]
    with pytest.raises(InvalidRequest):
        await storage.delete([key])
    with pytest.raises(InvalidRequest):
        await storage.download(key, tmp_path / "received", at_most=10)
    with pytest.raises(InvalidRequest):
        storage.presign_get(key, seconds=60, filename="x")
    with pytest.raises(InvalidRequest):
        storage.presign_put(key, seconds=60, content_type="text/plain", size=None)


async def test_nothing_is_stored_in_a_unit_of_work(
    storage: ObjectStorage, database: SingleConnection
) -> None:
    with pytest.raises(NetworkCallInUnitOfWork):
        async with database.unit_of_work(WORKER):
            await storage.put("inside", b"x", "text/plain")
    assert await storage.head("inside") is None


async def test_an_object_is_stored_in_parts(storage: ObjectStorage) -> None:
    parts = [LARGE[:SMALLEST_PART_BYTES], b"and an end"]
    upload = await storage.start_upload("parts/ä b", "application/gzip")
    etags = [
        await storage.put_part("parts/ä b", upload, number, part) for number, part in enumerate(parts, 1)
    ]
    assert await storage.head("parts/ä b") is None
    # A part that comes again, as from a run after a killed one, takes the place of the first.
    etags[1] = await storage.put_part("parts/ä b", upload, 2, b"and another end")
    await storage.complete_upload("parts/ä b", upload, etags)
    assert await storage.get("parts/ä b") == parts[0] + b"and another end"
    found = await storage.head("parts/ä b")
    assert found is not None
    assert found.content_type == "application/gzip"


async def test_an_upload_is_given_up(storage: ObjectStorage) -> None:
    upload = await storage.start_upload("given-up", "text/plain")
    await storage.put_part("given-up", upload, 1, b"a part")
    await storage.abort_upload("given-up", upload)
    await storage.abort_upload("given-up", upload)
    assert await storage.head("given-up") is None
