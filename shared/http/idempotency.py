"""Requests that write: told of to their transactions and, with an Idempotency-Key, carried out once."""

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.database.boundaries import WriteRequest, current_write
from shared.domain.idempotency import MOST_KEY_CHARACTERS, fingerprint, is_idempotency_key
from shared.domain.principals import Principal
from shared.errors import ConcordError, IdempotencyAnswerLost, InvalidRequest
from shared.observability import Event, correlation_id, describe_error, logger
from shared.services.carry_out_once import Claim, KeptAnswer, claim_request, give_up, keep_answer

# What these do twice is the same as once: they make what they are told, find what they have made before,
# or go on where they were.
REPEATABLE_ROUTES = {
    "collections_create",
    "documents_upsert",
    "embeddings_clean",
    "exports_create",
    "imports_create",
    "sources_create",
    "sources_delete",
}
# Their answers are secrets, which are kept nowhere.
SECRET_ROUTES = {"keys_create"}
_KEPT_HEADERS = {b"content-type", b"etag", b"location"}
# With another of these it is another request.
_CONDITIONS = ("if-match",)
_REFUSED, _NOT_FOUND, _TOO_MANY, _INTERNAL = 400, 404, 429, 500


class AnsweredBefore(Exception):
    """Carries an answer past the route that would have made it."""

    def __init__(self, answer: KeptAnswer) -> None:
        self.answer = answer
        super().__init__()


def describe_write(request: Request) -> WriteRequest:
    """What the request's route and address tell; whether they name anything nobody has looked yet."""
    parameters = dict(request.path_params)
    return WriteRequest(
        action=request.scope["route"].name.replace("_", ".", 1),
        collection=parameters.pop("collection", None),
        objects=tuple(parameters.values()),
        request_id=correlation_id(),
        address=request.client.host if request.client else None,
    )


async def begin_write(request: Request, principal: Principal) -> None:
    """Tell the transactions of this request what they write for.

    Raises InvalidRequest, IdempotencyKeyReused, IdempotencyInProgress, IdempotencyAnswerLost, AnsweredBefore.
    """
    route: str = request.scope["route"].name
    write = describe_write(request)
    key = request.headers.get("idempotency-key")
    if key is not None:
        claim = await _claim(request, principal, route, key)
        request.state.claim = claim
        write = write._replace(claimed=claim.claimed)
    current_write.set(write)


async def _claim(request: Request, principal: Principal, route: str, key: str) -> Claim:
    if not is_idempotency_key(key):
        message = f"has to be 1 to {MOST_KEY_CHARACTERS} visible ASCII characters"
        raise InvalidRequest(details=[{"field": "idempotency-key", "message": message}])
    conditions = [line for name in _CONDITIONS for line in request.headers.getlist(name)]
    same = fingerprint(request.method, request.url.path, request.url.query, await request.body(), *conditions)
    try:
        claim = await claim_request(
            request.app.state.database, principal, route, key, same, repeatable=route in REPEATABLE_ROUTES
        )
    except IdempotencyAnswerLost:
        if request.method != "DELETE":
            raise
        claim = KeptAnswer(204, {}, b"")
    if isinstance(claim, KeptAnswer):
        raise AnsweredBefore(claim)
    return claim


class KeptAnswers:
    """Keeps the answer to a request that was claimed, before it is given; gives again what is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        try:
            await self._app(scope, receive, hold)
        except AnsweredBefore as before:
            kept = before.answer
            headers = {**kept.headers, "idempotency-replayed": "true"}
            await Response(kept.body, kept.status, headers)(scope, receive, send)
            return
        except BaseException:
            await _settle(scope, KeptAnswer(_INTERNAL, {}, b""))
            raise
        answer = await _settle(scope, _answer_of(messages))
        if answer is not None:
            await Response(answer.body, answer.status, answer.headers)(scope, receive, send)
            return
        for message in messages:
            await send(message)


def _answer_of(messages: list[Message]) -> KeptAnswer:
    headers = {
        name.decode(): value.decode() for name, value in messages[0]["headers"] if name in _KEPT_HEADERS
    }
    body = b"".join(message.get("body", b"") for message in messages[1:])
    return KeptAnswer(messages[0]["status"], headers, body)


async def _settle(scope: Scope, answer: KeptAnswer) -> KeptAnswer | None:
    """Keep the answer, or let the request be sent again; returns one to give instead where it is better."""
    claim: Claim | None = scope.get("state", {}).get("claim")
    if claim is None:
        return None
    database = scope["app"].state.database
    better = None
    if claim.is_again and scope["method"] == "DELETE" and answer.status == _NOT_FOUND:
        # The earlier attempt has deleted it.
        answer = better = KeptAnswer(204, {}, b"")
    # Whoever has the answer need not know that it cannot be had again.
    try:
        if answer.status >= _INTERNAL or answer.status == _TOO_MANY:
            await give_up(database, claim)
        else:
            is_secret = claim.claimed.route in SECRET_ROUTES and answer.status < _REFUSED
            await keep_answer(database, claim, answer, is_secret=is_secret)
    except ConcordError as error:
        logger().warning(Event.REQUEST_UNAVAILABLE, extra=describe_error(error))
    return better
