"""What only a folder does: addresses that this process signs and serves."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.config import ConfigurationError, StorageSettings, load_settings
from shared.errors import ObjectNotFound, StorageUnavailable
from shared.local.uploads import Uploads
from shared.storage.arrivals import listening
from shared.storage.folder import FolderStorage


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "objects")


@pytest.fixture
async def client(storage: FolderStorage) -> AsyncIterator[httpx.AsyncClient]:
    application = FastAPI()
    application.add_middleware(Uploads, storage=storage)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        yield client


def csv_upload(storage: FolderStorage, *, seconds: int = 60, size: int | None = None) -> str:
    return storage.presign_put("imports/1/ä b.csv", seconds=seconds, content_type="text/csv", size=size)


CSV = {"content-type": "text/csv"}


async def test_whoever_has_the_address_uploads_and_downloads(
    storage: FolderStorage, client: httpx.AsyncClient
) -> None:
    large = b"x" * 6_000_000
    assert (await client.put(csv_upload(storage), content=large, headers=CSV)).status_code == 200
    received = await client.get(storage.presign_get("imports/1/ä b.csv", seconds=60, filename="ä.csv"))
    assert received.content == large
    assert received.headers["content-type"].startswith("text/csv")
    assert received.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A4.csv"


async def test_an_address_is_for_one_method_key_and_time(
    storage: FolderStorage, client: httpx.AsyncClient
) -> None:
    good = csv_upload(storage)
    down = storage.presign_get("imports/1/ä b.csv", seconds=60, filename="a")
    refused = [
        await client.get(good),
        await client.put(down, content=b"x", headers=CSV),
        await client.put(good.replace("/1/", "/2/"), content=b"x", headers=CSV),
        await client.put(good.replace("expires=1", "expires=2"), content=b"x", headers=CSV),
        await client.put(good[:-1] + ("0" if good[-1] != "0" else "1"), content=b"x", headers=CSV),
        await client.put(csv_upload(storage, seconds=-1), content=b"x", headers=CSV),
        await client.put("/uploads/imports/1", content=b"x", headers=CSV),
        await client.put(good.partition("&signature")[0] + "&signature=ü", content=b"x", headers=CSV),
        await client.put(good.partition("&signature")[0] + "&type=%FF", content=b"x", headers=CSV),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert refused[0].json()["error"]["code"] == "permission_denied"
    assert await storage.head("imports/1/ä b.csv") is None


async def test_an_upload_has_the_size_and_type_it_was_signed_for(
    storage: FolderStorage, client: httpx.AsyncClient
) -> None:
    small = csv_upload(storage, size=4)
    assert (await client.put(small, content=b"12345", headers=CSV)).status_code == 413
    assert (await client.put(small, content=b"123", headers=CSV)).status_code == 422
    other = await client.put(small, content=b"1234", headers={"content-type": "text/html"})
    assert other.json()["error"]["details"][0]["field"] == "content-type"
    assert await storage.head("imports/1/ä b.csv") is None
    assert (await client.put(small, content=b"1234", headers=CSV)).status_code == 200


async def test_other_methods_and_missing_files(storage: FolderStorage, client: httpx.AsyncClient) -> None:
    assert (await client.post(csv_upload(storage))).status_code == 405
    assert (await client.get(storage.presign_get("none", seconds=60, filename="a"))).status_code == 404
    assert (await client.get("/elsewhere")).status_code == 404


async def test_no_upload_leaves_anything_behind(
    storage: FolderStorage, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    await client.put(csv_upload(storage, size=1), content=b"12", headers=CSV)
    await client.put(csv_upload(storage), content=b"12", headers=CSV)
    assert list((tmp_path / "objects" / "incoming").iterdir()) == []


def test_the_key_is_for_the_user_alone(storage: FolderStorage, tmp_path: Path) -> None:
    first = csv_upload(storage, seconds=10**6)
    key = tmp_path / "objects" / "signing_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    assert csv_upload(FolderStorage(tmp_path / "objects"), seconds=10**6) == first


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageUnavailable, match="IMPORT_BUCKET"):
        await FolderStorage(tmp_path / "file").put("a", b"x", "text/plain")


async def test_who_listens_hears_of_what_arrives(storage: FolderStorage) -> None:
    heard: list[tuple[str, int]] = []
    with listening(storage.root, lambda key, size: heard.append((key, size))):
        await storage.put("imports/1/a", b"123", "text/plain")
        await FolderStorage(storage.root.parent / "other").put("imports/1/b", b"1", "text/plain")
    await storage.put("imports/1/c", b"123", "text/plain")
    assert heard == [("imports/1/a", 3)]


def test_a_storage_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMPORT_BUCKET", raising=False)
    with pytest.raises(ConfigurationError, match="IMPORT_BUCKET"):
        load_settings(StorageSettings)
    for wrong in ("folder:relative", "UPPER", "a/b"):
        monkeypatch.setenv("IMPORT_BUCKET", wrong)
        with pytest.raises(ConfigurationError, match="IMPORT_BUCKET"):
            load_settings(StorageSettings)


async def test_a_part_of_an_upload_that_has_ended(storage: FolderStorage, tmp_path: Path) -> None:
    upload = await storage.start_upload("a/b", "text/plain")
    etag = await storage.put_part("a/b", upload, 1, b"a part")
    with pytest.raises(ObjectNotFound):
        await storage.complete_upload("a/b", upload, [etag, "0" * 64])
    await storage.abort_upload("a/b", upload)
    with pytest.raises(ObjectNotFound):
        await storage.put_part("a/b", upload, 1, b"a part")
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []
