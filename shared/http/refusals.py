"""What a known caller was refused: a line of the log and, of writes, an entry of the audit."""

import re

from fastapi import Request

from shared.domain.names import ID_PATTERN
from shared.errors import ConcordError, KeyEnded, PermissionDenied
from shared.http.auth import writes
from shared.http.idempotency import describe_write
from shared.observability import Event, describe_error, logger
from shared.services.record_refusal import record_refusal

_ID = re.compile(ID_PATTERN)


async def tell_of_refusal(request: Request, refusal: KeyEnded | PermissionDenied) -> None:
    """A refusal that cannot be recorded is one all the same."""
    name = refusal.principal if isinstance(refusal, KeyEnded) else request.state.principal.name
    attempt = describe_write(request)
    told = {"principal": name, "action": attempt.action, "code": refusal.code}
    logger().info(Event.REQUEST_REFUSED, extra=told)
    if not writes(request.method, request.scope["route"].name):
        return
    # Nobody has looked at the address of what is refused.
    named = attempt.collection
    attempt = attempt._replace(
        collection=named if named and _ID.fullmatch(named) else None,
        objects=tuple(name for name in attempt.objects if _ID.fullmatch(name)),
    )
    try:
        await record_refusal(request.app.state.database, name, attempt, refusal.code)
    except ConcordError as error:
        logger().warning(Event.REQUEST_UNAVAILABLE, extra=describe_error(error))
