"""What only a bucket does: presigned addresses, outages, refusals."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.aws.invocation import invocation
from shared.config import ConfigurationError
from shared.errors import Conflict, ObjectNotFound, StorageUnavailable
from shared.storage.s3 import S3Storage
from tests.builders.answering import answering
from tests.builders.events import LambdaContext
from tests.builders.storage import s3_bucket


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket() as name:
        yield name


@pytest.fixture
def storage(bucket: str) -> S3Storage:
    return S3Storage(bucket)


async def test_whoever_has_the_address_uploads_and_downloads(storage: S3Storage) -> None:
    up = storage.presign_put("given/a.csv", seconds=60, content_type="text/csv", size=5)
    down = storage.presign_get("given/a.csv", seconds=60, filename="Größe 1.csv")
    async with httpx.AsyncClient() as client:
        stored = await client.put(up, content=b"12345", headers={"content-type": "text/csv"})
        assert stored.status_code == 200
        received = await client.get(down)
    assert received.content == b"12345"
    assert received.headers["content-disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.csv"
    found = await storage.head("given/a.csv")
    assert found is not None
    assert found.content_type == "text/csv"


async def test_an_object_that_is_replaced_while_it_is_read(storage: S3Storage) -> None:
    await storage.put("moving", b"a" * 9_000_000, "text/plain")
    pieces = storage.chunks("moving")
    await anext(pieces)
    await storage.put("moving", b"b" * 9_000_000, "text/plain")
    with pytest.raises(Conflict, match="replaced"):
        await anext(pieces)


@pytest.mark.usefixtures("bucket")
async def test_a_bucket_that_is_not_there() -> None:
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        await S3Storage("nobodys-bucket").get("a")
    with pytest.raises(StorageUnavailable, match="refuses"):
        await S3Storage("nobodys-bucket").put("a", b"x", "text/plain")


async def test_an_outage_is_met_with_patience(monkeypatch: pytest.MonkeyPatch, storage: S3Storage) -> None:
    with answering([503, 200]) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        await storage.put("a", b"again", "text/plain")
    assert calls == [("PUT", b"again"), ("PUT", b"again")]


async def test_a_file_is_sent_again_from_its_start(
    monkeypatch: pytest.MonkeyPatch, storage: S3Storage, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"the whole")
    with answering([500, 200]) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        await storage.put("a", tmp_path / "file", "text/plain")
    assert calls == [("PUT", b"the whole"), ("PUT", b"the whole")]


async def test_an_outage_that_lasts(monkeypatch: pytest.MonkeyPatch, storage: S3Storage) -> None:
    with answering([503]) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        with pytest.raises(StorageUnavailable):
            await storage.get("a")
    assert len(calls) == 3
    # Nobody listens there any more.
    with invocation(LambdaContext("imports_process", 2.0)), pytest.raises(StorageUnavailable):
        await storage.get("a")


async def test_a_refusal_is_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, storage: S3Storage
) -> None:
    with answering([403]) as (address, calls):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        with pytest.raises(StorageUnavailable, match=r"^The storage refuses \(status 403\)\.$"):
            await storage.get("a")
    assert len(calls) == 1


async def test_an_answer_without_a_total_is_all_there_is(
    monkeypatch: pytest.MonkeyPatch, storage: S3Storage
) -> None:
    with answering([200], body=b"all") as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        assert await storage.get("a") == b"all"


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("named", "region", "address"),
    [
        ("plain", "eu-central-1", "https://plain.s3.eu-central-1.amazonaws.com/a%20b?"),
        ("with.dots", "us-east-1", "https://s3.us-east-1.amazonaws.com/with.dots/a%20b?"),
        ("plain", "cn-north-1", "https://plain.s3.cn-north-1.amazonaws.com.cn/a%20b?"),
    ],
)
def test_addresses_of_aws(monkeypatch: pytest.MonkeyPatch, named: str, region: str, address: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_REGION", region)
    signed = S3Storage(named).presign_get("a b", seconds=60, filename="a")
    assert signed.startswith(address)
    assert f"%2F{region}%2Fs3%2Faws4_request" in signed


def test_a_region_is_needed(monkeypatch: pytest.MonkeyPatch, storage: S3Storage) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        storage.presign_get("a", seconds=60, filename="a")


async def test_parts_that_are_not_put_together(monkeypatch: pytest.MonkeyPatch, storage: S3Storage) -> None:
    """S3 has said that it is at work, and then fails."""
    failed = b"<?xml version='1.0'?>\n\n<Error><Code>InternalError</Code></Error>"
    with answering([200], body=failed) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        with pytest.raises(StorageUnavailable, match=r"does not put the parts together \(InternalError\)"):
            await storage.complete_upload("a", "upload", ['"1"'])
        with pytest.raises(StorageUnavailable, match="without the id of the upload"):
            await storage.start_upload("a", "text/plain")


async def test_a_part_of_an_upload_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, storage: S3Storage
) -> None:
    with answering([404], body=b"<Error><Code>NoSuchUpload</Code></Error>") as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        with pytest.raises(ObjectNotFound):
            await storage.put_part("a", "upload", 1, b"x")
        with pytest.raises(ObjectNotFound):
            await storage.complete_upload("a", "upload", ['"1"'])


async def test_a_part_that_is_too_small(storage: S3Storage) -> None:
    upload = await storage.start_upload("small", "text/plain")
    etags = [await storage.put_part("small", upload, number, b"small") for number in (1, 2)]
    with pytest.raises(StorageUnavailable, match="EntityTooSmall"):
        await storage.complete_upload("small", upload, etags)
