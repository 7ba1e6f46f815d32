"""Objects in a bucket of S3."""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import ExitStack, suppress
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from shared.aws.credentials import find_credentials
from shared.aws.http_calls import CallFailed, HttpAnswer, call
from shared.aws.invocation import seconds_left
from shared.aws.signing import UNSIGNED, Scope, current_time, presigned_url
from shared.config import ConfigurationError
from shared.database.boundaries import refuse_in_unit_of_work
from shared.errors import Conflict, ObjectNotFound, StorageUnavailable
from shared.observability import Event, describe_error, logger
from shared.storage.keys import attachment, checked_key
from shared.storage.protocol import StoredObject, refuse_larger

PIECE_BYTES = 8_000_000
_PUT_AT_ONCE = 8
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.2
_TIMEOUT_SECONDS = 20.0
_SHORTEST_TIMEOUT_SECONDS = 0.1
_RESERVE_SECONDS = 1.0
# What a call of this process needs its signature for.
_OWN_SECONDS = 300
_TOTAL = re.compile(r"/(\d+)$")
_UPLOAD_ID = re.compile(rb"<UploadId>([^<&]+)</UploadId>")
_CODE = re.compile(rb"<Code>(\w+)</Code>")


class S3Storage:
    """Each request is a presigned one, made from a worker thread; nothing is held between two."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    async def put(self, key: str, data: bytes | Path, content_type: str) -> None:
        await self._request("PUT", key, {"content-type": content_type}, body=data)

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        if length is not None:
            return (await self._range(key, start, length)).body if length else b""
        return b"".join([piece async for piece in self.chunks(key, start=start)])

    async def download(self, key: str, path: Path, *, at_most: int) -> None:
        found = await self.head(key)
        if found is not None:
            refuse_larger(found, at_most)
        with path.open("wb") as file:
            async for piece in self.chunks(key):
                await asyncio.to_thread(file.write, piece)

    async def chunks(self, key: str, *, start: int = 0) -> AsyncGenerator[bytes]:
        headers: dict[str, str] = {}
        total = start + 1
        while start < total:
            answer = await self._range(key, start, PIECE_BYTES, headers)
            if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return
            start += len(answer.body)
            found = _TOTAL.search(answer.headers.get("content-range", ""))
            total = int(found[1]) if found else start
            headers = {"if-match": answer.headers.get("etag", "*")}
            yield answer.body

    async def head(self, key: str) -> StoredObject | None:
        try:
            answer = await self._request("HEAD", key)
        except ObjectNotFound:
            return None
        headers = answer.headers
        return StoredObject(
            int(headers.get("content-length", "0")), headers.get("content-type", ""), headers.get("etag", "")
        )

    async def delete(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _PUT_AT_ONCE):
            some = keys[start : start + _PUT_AT_ONCE]
            await asyncio.gather(*(self._request("DELETE", key) for key in some))

    async def start_upload(self, key: str, content_type: str) -> str:
        parameters = {"uploads": ""}
        answer = await self._request("POST", key, {"content-type": content_type}, parameters=parameters)
        found = _UPLOAD_ID.search(answer.body)
        if found is None:
            raise StorageUnavailable("The storage answered without the id of the upload.")
        return found[1].decode()

    async def put_part(self, key: str, upload_id: str, number: int, data: bytes) -> str:
        parameters = {"partNumber": str(number), "uploadId": upload_id}
        answer = await self._request("PUT", key, body=data, parameters=parameters)
        return answer.headers.get("etag", "")

    async def complete_upload(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = await self._request("POST", key, body=body, parameters={"uploadId": upload_id})
        # S3 says that it is at work before it knows how that ends.
        if b"<Error>" in answer.body:
            raise StorageUnavailable(f"The storage does not put the parts together ({_code(answer)}).")

    async def abort_upload(self, key: str, upload_id: str) -> None:
        with suppress(ObjectNotFound):
            await self._request("DELETE", key, parameters={"uploadId": upload_id})

    def presign_get(self, key: str, *, seconds: int, filename: str) -> str:
        parameters = {"response-content-disposition": attachment(filename)}
        return self._presigned("GET", key, seconds=seconds, parameters=parameters)

    def presign_put(self, key: str, *, seconds: int, content_type: str, size: int | None) -> str:
        headers = {"content-type": content_type}
        if size is not None:
            headers["content-length"] = str(size)
        return self._presigned("PUT", key, seconds=seconds, headers=headers)

    async def list_page(self, prefix: str, after: str) -> bytes:
        """S3's own XML of up to 1,000 objects whose keys begin so, by key, from the one after `after`."""
        refuse_in_unit_of_work("ObjectStorage")
        asked = {"list-type": "2", "prefix": prefix, "start-after": after, "encoding-type": "url"}
        url = self._presigned("GET", None, seconds=_OWN_SECONDS, parameters=asked)
        return (await asyncio.to_thread(_ask, "GET", url, {}, b"")).body

    async def aclose(self) -> None:
        """Nothing is open between two requests."""

    async def _range(
        self, key: str, start: int, length: int, headers: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        asked = {**(headers or {}), "range": f"bytes={start}-{start + length - 1}"}
        answer = await self._request("GET", key, asked)
        if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return answer._replace(body=b"")
        return answer

    async def _request(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes | Path = b"",
        parameters: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """What S3 answers, when it is one that callers know how to read."""
        refuse_in_unit_of_work("ObjectStorage")
        url = self._presigned(method, key, seconds=_OWN_SECONDS, parameters=parameters)
        return await asyncio.to_thread(_ask, method, url, headers or {}, body)

    def _presigned(
        self,
        method: str,
        key: str | None,
        *,
        seconds: int,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        region = _region()
        return presigned_url(
            self._address(region) + ("" if key is None else quote(checked_key(key), safe="/-_.~")),
            parameters or {},
            method=method,
            headers=headers or {},
            payload=UNSIGNED,
            lives_seconds=seconds,
            scope=Scope("s3", region),
            credentials=find_credentials(),
            at=current_time(),
        )

    def _address(self, region: str) -> str:
        """Where the bucket's keys begin: at what the SDKs' variables say, else at the region's address."""
        configured = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if configured:
            return f"{configured.rstrip('/')}/{self._bucket}/"
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        # A certificate of S3 covers one label in front of its own name.
        if "." in self._bucket:
            return f"https://s3.{region}.{suffix}/{self._bucket}/"
        return f"https://{self._bucket}.s3.{region}.{suffix}/"


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ConfigurationError("AWS_REGION: set it to the region of the bucket in IMPORT_BUCKET.")
    return region


def _ask(method: str, url: str, headers: Mapping[str, str], body: bytes | Path) -> HttpAnswer:
    import time  # noqa: PLC0415 - beside its one use, a pause between attempts.

    reason = "no answer"
    for attempt in range(_ATTEMPTS):
        time.sleep(_PAUSE_SECONDS * attempt)
        timeout = max(
            min(_TIMEOUT_SECONDS, seconds_left(reserve=_RESERVE_SECONDS)), _SHORTEST_TIMEOUT_SECONDS
        )
        try:
            answer = _call(method, url, headers, body, timeout)
        except CallFailed as error:
            reason = str(error)
            continue
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _read(answer)
        reason = _code(answer)
    logger().warning(Event.STORAGE_UNAVAILABLE, extra={"reason": reason, "host": urlsplit(url).hostname})
    raise StorageUnavailable


def _call(
    method: str, url: str, headers: Mapping[str, str], body: bytes | Path, timeout_seconds: float
) -> HttpAnswer:
    with ExitStack() as stack:
        content: bytes | BinaryIO = body if isinstance(body, bytes) else stack.enter_context(body.open("rb"))
        return call(method, url, headers, content, timeout_seconds=timeout_seconds)


def _read(answer: HttpAnswer) -> HttpAnswer:
    match answer.status:
        case HTTPStatus.NOT_FOUND if b"NoSuchBucket" not in answer.body:
            raise ObjectNotFound
        case HTTPStatus.PRECONDITION_FAILED:
            raise Conflict("The file was replaced while it was read; start again.")
        case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return answer
        case status if status < HTTPStatus.BAD_REQUEST:
            return answer
    refused = StorageUnavailable(f"The storage refuses ({_code(answer)}).")
    logger().warning(Event.STORAGE_UNAVAILABLE, extra=describe_error(refused))
    raise refused


def _code(answer: HttpAnswer) -> str:
    """The error's name, as S3 gives it; its message stays out, as it repeats keys and signatures."""
    found = _CODE.search(answer.body)
    return found[1].decode() if found else f"status {answer.status}"
