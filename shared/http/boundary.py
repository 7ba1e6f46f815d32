"""The outermost layer of every HTTP function: bounded bodies, and no exception that gets out."""

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.errors import ConcordError, PayloadTooLarge
from shared.http.responses import error_response
from shared.observability import correlated


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
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, _bounded(scope, receive), tracked_send)
        except Exception as cause:
            if started:
                raise
            unforeseen = ConcordError()
            unforeseen.__cause__ = cause
            await error_response(unforeseen)(scope, receive, tracked_send)


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
