"""Concord's HTTP API, of a deployment or of this process: the same requests either way."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from shared.cli.api_key import api_key
from shared.errors import ConcordError
from shared.local.environment import laptop_environment
from shared.local.host import create_application, running

# As long as API Gateway waits, and a little.
TIMEOUT_SECONDS = 35.0
# Every request the commands make may be made twice: upserts and creations are idempotent.
RETRY_PAUSES = (0.5, 1.0, 2.0)
_PASSING_STATUSES = {429, 502, 503, 504}
_CONFLICT = 409
_PIECE_BYTES = 1_000_000


class ApiError(ConcordError):
    """The API answered with an error."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, Any]]) -> None:
        super().__init__(message, details=details)
        self.answered_status = status
        self.answered_code = code


class ApiUnreachable(ConcordError):
    """The API does not answer."""


class ConcordApi:
    """Each method raises ApiError when the API refuses and ApiUnreachable when nobody answers."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON answer. `body` is sent as JSON; `content` is JSON already."""
        sent = dict(headers or {})
        if content is not None:
            sent["content-type"] = "application/json"
        pauses = iter(RETRY_PAUSES)
        while True:
            pause = next(pauses, None)
            try:
                answer = await self._client.request(method, path, json=body, content=content, headers=sent)
            except httpx.TransportError as error:
                if pause is None:
                    reason = str(error) or type(error).__name__
                    raise ApiUnreachable(f"{self._client.base_url} does not answer: {reason}") from error
            else:
                if pause is None or answer.status_code not in _PASSING_STATUSES:
                    return _read(answer)
            await asyncio.sleep(pause)

    async def upload(self, upload: Mapping[str, Any], path: Path) -> None:
        """Send a file to the address that an import was answered with, which has its own permission."""
        pauses = iter(RETRY_PAUSES)
        size = await asyncio.to_thread(os.path.getsize, path)
        headers = {**upload["headers"], "content-length": str(size)}
        while True:
            pause = next(pauses, None)
            request = self._client.build_request(
                upload["method"], upload["url"], content=_pieces(path), headers=headers
            )
            # A storage refuses to be shown two permissions.
            request.headers.pop("authorization", None)
            try:
                answer = await self._client.send(request)
            except httpx.TransportError as error:
                if pause is None:
                    raise ApiUnreachable(f"{request.url.host} takes no upload: {error}") from error
            else:
                if answer.is_success:
                    return
                if pause is None or answer.status_code not in _PASSING_STATUSES:
                    message = f"The upload of {path.name} was refused with status {answer.status_code}."
                    raise ApiError(answer.status_code, "upload_refused", message, [])
            await asyncio.sleep(pause)

    async def download(self, url: str, file: BinaryIO) -> None:
        """Write what is at an address that an export was answered with, which has its own permission."""
        request = self._client.build_request("GET", url)
        request.headers.pop("authorization", None)
        try:
            async with aclosing(await self._client.send(request, stream=True)) as answer:
                if not answer.is_success:
                    message = f"The download was refused with status {answer.status_code}."
                    raise ApiError(answer.status_code, "download_refused", message, [])
                async for piece in answer.aiter_raw():
                    await asyncio.to_thread(file.write, piece)
        except httpx.TransportError as error:
            raise ApiUnreachable(f"{request.url.host} gives no download: {error}") from error

    async def page(self, path: str, **parameters: int | str) -> dict[str, Any]:
        """A page of a list: the first, or that of the `cursor`."""
        asked = httpx.QueryParams(parameters)
        page: dict[str, Any] = await self.request("GET", f"{path}?{asked}" if parameters else path)
        return page

    async def listed(self, path: str, name: str, **parameters: int | str) -> AsyncGenerator[dict[str, Any]]:
        """What a list has under `name`, page after page."""
        while True:
            page = await self.page(path, **parameters)
            for item in page[name]:
                yield item
            if page["cursor"] is None:
                return
            parameters["cursor"] = page["cursor"]

    async def ensure_collection(self, name: str) -> None:
        """Create the collection unless it is there."""
        try:
            await self.request("POST", "/v1/collections", body={"name": name})
        except ApiError as error:
            if error.answered_status != _CONFLICT:
                raise

    async def collection(self, name: str) -> dict[str, Any]:
        """The collection with its counts as they are now, past any cache."""
        headers = {"cache-control": "no-cache"}
        found: dict[str, Any] = await self.request("GET", f"/v1/collections/{name}", headers=headers)
        return found

    async def upsert(self, collection: str, documents: bytes) -> dict[str, Any]:
        """`documents` is a JSON array."""
        content = b'{"documents":' + documents + b"}"
        path = f"/v1/collections/{collection}/documents"
        answer: dict[str, Any] = await self.request("POST", path, content=content)
        return answer

    async def search(
        self, collection: str, request: Mapping[str, Any], *, fresh: bool = False
    ) -> dict[str, Any]:
        """`fresh` asks past any cache."""
        headers = {"cache-control": "no-cache"} if fresh else {}
        path = f"/v1/collections/{collection}/search"
        answer: dict[str, Any] = await self.request("POST", path, body=dict(request), headers=headers)
        return answer

    async def suggest(self, collection: str, query: str, limit: int) -> dict[str, Any]:
        asked = httpx.QueryParams(q=query, limit=limit)
        answer: dict[str, Any] = await self.request("GET", f"/v1/collections/{collection}/suggest?{asked}")
        return answer


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece


def with_api[Result](
    url: str | None,
    use: Callable[[ConcordApi], Awaitable[Result]],
    *,
    with_worker: bool | Collection[str] = False,
) -> Result:
    """Run `use` with the API at `url`, or without one with that of this laptop, started as needed.

    `with_worker` makes the laptop embed and import meanwhile, or do what the functions named do; a
    deployment does so by itself.
    """
    if url is not None:
        return asyncio.run(_use_remote(url, use))
    with laptop_environment():
        return asyncio.run(_use_laptop(use, with_worker=with_worker))


async def _use_remote[Result](url: str, use: Callable[[ConcordApi], Awaitable[Result]]) -> Result:
    try:
        client = httpx.AsyncClient(base_url=url, headers=_key_headers(), timeout=TIMEOUT_SECONDS)
    except httpx.InvalidURL as error:
        raise ApiUnreachable(f"{url} is no URL: {error}") from None
    async with client:
        return await use(ConcordApi(client))


async def _use_laptop[Result](
    use: Callable[[ConcordApi], Awaitable[Result]], *, with_worker: bool | Collection[str]
) -> Result:
    async with (
        running(create_application(with_worker=with_worker)) as application,
        in_process_api(application) as api,
    ):
        return await use(api)


@asynccontextmanager
async def in_process_api(application: Any) -> AsyncIterator[ConcordApi]:
    """The API of an ASGI application, without a socket."""
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://concord", headers=_key_headers(), timeout=TIMEOUT_SECONDS
    ) as client:
        yield ConcordApi(client)


def _key_headers() -> dict[str, str]:
    key = api_key()
    return {"authorization": f"Bearer {key}"} if key else {}


def _read(answer: httpx.Response) -> Any:
    try:
        body = answer.json() if answer.content else None
    except ValueError:
        body = None
    if answer.is_success and (body is not None or not answer.content):
        return body
    match body:
        case {"error": {"code": str(code), "message": str(message), "details": [*details]}}:
            raise ApiError(answer.status_code, code, message, details)
        case _:
            message = f"{answer.request.url} answered {answer.status_code}, and not as Concord does."
            raise ApiError(answer.status_code, "unknown", message, [])
