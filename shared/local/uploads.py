"""Serves the addresses that a folder of objects signs, as S3 serves presigned ones."""

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import ConcordError, InvalidRequest, MethodNotAllowed, PayloadTooLarge
from shared.http.responses import error_response
from shared.storage.folder import ROUTE, FolderStorage, storage_errors
from shared.storage.keys import attachment

# As much as S3 takes in one PUT.
MAX_UPLOAD_BYTES = 5_000_000_000
_METHODS = {"GET", "PUT"}


class Uploads:
    """Answers `PUT|GET /uploads/{key}` itself, before anything that bounds a request's body."""

    def __init__(self, app: ASGIApp, storage: FolderStorage) -> None:
        self._app = app
        self._storage = storage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROUTE):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._answer(Request(scope, receive))
        except ConcordError as error:
            response = error_response(error)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in _METHODS:
            raise MethodNotAllowed
        key = request.scope["path"].removeprefix(ROUTE)
        parameters = dict(request.query_params)
        self._storage.check(request.method, key, parameters)
        if request.method == "PUT":
            await self._store(request, key, parameters)
            return Response()
        headers = {"content-disposition": attachment(parameters["filename"])}
        found = await self._storage.head(key)
        content_type = found.content_type if found else None
        return FileResponse(self._storage.path(key), headers=headers, media_type=content_type)

    async def _store(self, request: Request, key: str, parameters: dict[str, str]) -> None:
        if request.headers.get("content-type", "") != parameters["type"]:
            message = f"has to be {parameters['type']}, for which the address was signed"
            raise InvalidRequest(details=[{"field": "content-type", "message": message}])
        at_most = int(parameters.get("size", MAX_UPLOAD_BYTES))
        incoming = self._storage.incoming()
        try:
            received = await _receive(request, incoming, at_most)
            if "size" in parameters and received != at_most:
                message = f"{received} bytes arrived of the {at_most} that the address was signed for"
                raise InvalidRequest(details=[{"field": "body", "message": message}])
            await self._storage.put(key, incoming, parameters["type"])
        finally:
            incoming.unlink(missing_ok=True)


async def _receive(request: Request, path: Path, at_most: int) -> int:
    received = 0
    with storage_errors(), path.open("wb") as file:
        async for piece in request.stream():
            received += len(piece)
            if received > at_most:
                raise PayloadTooLarge(f"This upload may have {at_most:,} bytes.")
            await asyncio.to_thread(file.write, piece)
    return received
