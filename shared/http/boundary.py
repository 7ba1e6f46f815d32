"""The outermost layers of every HTTP function: bounded bodies, no exception that gets out, safe headers."""

from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.errors import ConcordError, PayloadTooLarge
from shared.http.auth import READING_METHODS
from shared.http.responses import error_response
from shared.observability import correlated

# Of every answer that has none of its own. An answer is data: nothing in it may run or be framed, no browser
# may take it for another type, and none may keep what only this caller may read.
_SAFE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_HTTPS_ALONE = {"strict-transport-security": "max-age=31536000"}


class SafeHeaders:
    """Gives every answer, refusals and preflights too, the headers that keep browsers from harm."""

    def __init__(self, app: ASGIApp, *, https_alone: bool) -> None:
        self._app = app
        self._headers: Mapping[str, str] = _SAFE_HEADERS | (_HTTPS_ALONE if https_alone else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safe_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, safe_send)


class ListedOrigins(CORSMiddleware):
    """Lets pages of listed origins in; those of others are answered as if there were no such thing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is not None and not self.is_allowed_origin(origin):
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


class Boundary:
    """Refuses bodies over 5 MB, announced or streamed, and answers 500 to what nobody foresaw.

    Each request has an id, API Gateway's own where there is one: in all that is logged for it, in the
    messages it sends and in its answer, as `x-request-id`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with correlated(_gateway_id(scope)) as request_id:
            await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = False

        async def tracked_send(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                # What dependencies have to tell, which routes that make their own response know nothing of.
                headers.update(scope.get("state", {}).get("answer_headers", {}))
            await send(message)

        try:
            await _with_kept_answers(self._app, scope)(scope, _bounded(scope, receive), tracked_send)
        except Exception as cause:
            if started:
                raise
            unforeseen = ConcordError()
            unforeseen.__cause__ = cause
            await error_response(unforeseen)(scope, receive, tracked_send)


def _with_kept_answers(app: ASGIApp, scope: Scope) -> ASGIApp:
    """The application, with answers that are given again where a request that may write comes with a key."""
    if scope["method"] in READING_METHODS or b"idempotency-key" not in dict(scope["headers"]):
        return app
    from shared.http.idempotency import KeptAnswers  # noqa: PLC0415 - which few requests ask for.

    return KeptAnswers(app)


def _gateway_id(scope: Scope) -> object:
    match scope:
        case {"aws.event": {"requestContext": {"requestId": request_id}}}:
            return request_id
        case _:
            return None


def _bounded(scope: Scope, receive: Receive) -> Receive:
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    received = 0

    async def bounded_receive() -> Message:
        nonlocal received
        if announced.isdigit() and int(announced) > MAX_REQUEST_BYTES:
            raise _too_large()
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_REQUEST_BYTES:
            raise _too_large()
        return message

    return bounded_receive


def _too_large() -> HTTPException:
    # The framework takes an error of any other class, met while it reads a body, for malformed JSON.
    return HTTPException(PayloadTooLarge.status)
