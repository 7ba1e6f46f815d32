"""A route's permission, as a named alias in its signature. A route without one is public."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from shared.domain.limits import NOTHING_USED, USAGE_FIELD
from shared.domain.principals import Permission, Principal
from shared.errors import PermissionDenied, Unauthenticated
from shared.http.limits import RequestLimits
from shared.security.access import AccessControl

if TYPE_CHECKING:
    from shared.database.units_of_work import Database
    from shared.domain.keys import StoredKey
    from shared.security.remembered_keys import FindKey
    from shared.security.tokens import GivenToken

READING_METHODS = {"GET", "HEAD", "OPTIONS"}
# They only read what is sent. All others write.
READING_ROUTES = {"documents_search", "documents_multi_search", "chunks_preview"}
_SCHEME = "bearer "


def writes(method: str, route: str) -> bool:
    """Whether requests of this route are audited, and carried out once for each Idempotency-Key."""
    return method not in READING_METHODS and route not in READING_ROUTES


def bearer_key(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else None


async def authenticated(request: Request) -> Principal:
    """The caller, of whose rate the request is taken, or of its address' when nobody knows it.

    It is taken once: who asks again is told the same. Raises Unauthenticated, RateLimited;
    DatabaseUnavailable when a key cannot be looked up.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    access: AccessControl = request.app.state.access
    limits: RequestLimits = request.app.state.limits
    limits.refuse_again(request)
    bearer = bearer_key(request)
    token = _token_of_key(bearer)
    if not access.knows(bearer if token is None else token.kid):
        await limits.refuse_guesses(request)
    try:
        principal = await _sign_in(request, access, bearer if token is None else token)
    except Unauthenticated:
        if bearer is not None:
            await limits.count_guess(request)
        await limits.admit(request, None)
        raise
    # Until the route counts something.
    request.state.answer_headers = {USAGE_FIELD: NOTHING_USED}
    await limits.admit(request, principal)
    request.state.principal = principal
    return principal


async def _sign_in(request: Request, access: AccessControl, key: "GivenToken | str | None") -> Principal:
    if key is not None and not isinstance(key, str):
        return await access.verify(key, _finder(request))
    jwt_bearers = request.app.state.jwt_bearers
    if jwt_bearers is None or key is None or not access.is_configured or not _looks_like_jwt(key):
        return await access.authenticate(key, _finder(request))
    principal: Principal = await jwt_bearers.authenticate(key, request)
    return principal


def _token_of_key(bearer: str | None) -> "GivenToken | None":
    if bearer is None or not _looks_like_jwt(bearer):
        return None
    # Only who has a token pays for what reads it.
    from shared.security.tokens import read_token  # noqa: PLC0415 - see above

    return read_token(bearer)


def _looks_like_jwt(key: str) -> bool:
    """Three parts, of which the first is an object of JSON: keys look otherwise."""
    return key.startswith("eyJ") and key.count(".") == 2  # noqa: PLR2004 - see above


def _finder(request: Request) -> "FindKey | None":
    """How keys are looked up, where the function has a database."""
    database: Database | None = getattr(request.app.state, "database", None)
    if database is None:
        return None

    async def find(key_id: str) -> "StoredKey | None":
        # Only who has a key pays for what checks it.
        from shared.services.find_key import find_key  # noqa: PLC0415 - see above

        return await find_key(database, key_id)

    return find


def permit(
    permission: Permission | None, *, whole: bool = False
) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that yields a caller who may do this, any caller but a token's where it is None.

    The caller may also enter what the address names.

    `whole` routes tell of all documents of a collection together: only who sees them all is told.

    What writes is told of to its transactions; with an Idempotency-Key it may also be refused, or answered
    already: see shared.http.idempotency. Raises Unauthenticated, RateLimited, PermissionDenied.
    """

    async def permitted(request: Request) -> Principal:
        principal = await authenticated(request)
        if permission is None and principal.signer is not None:
            raise PermissionDenied(details=[{"field": "authorization", "message": "a token only searches"}])
        if permission is not None and not principal.may(permission):
            raise PermissionDenied(details=[{"field": "authorization", "message": permission.value}])
        if whole and not principal.sees_whole_collections:
            raise PermissionDenied(
                details=[{"field": "authorization", "message": "sees only some documents"}]
            )
        for field in ("collection", "alias"):
            if field in request.path_params:
                principal.enter(request.path_params[field], field=field)
        if writes(request.method, request.scope["route"].name):
            from shared.http.idempotency import begin_write  # noqa: PLC0415 - for writes alone.

            await begin_write(request, principal)
        return principal

    return permitted


async def _configured(request: Request) -> None:
    access: AccessControl = request.app.state.access
    if not access.is_configured:
        raise Unauthenticated("Nothing but /health answers yet: set ADMIN_KEY_HASH.")


MayReadCollections = Annotated[Principal, Depends(permit(Permission.COLLECTIONS_READ))]
MayWriteCollections = Annotated[Principal, Depends(permit(Permission.COLLECTIONS_WRITE))]
MayReadDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_READ))]
MayReadAllDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_READ, whole=True))]
MaySearchDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_SEARCH))]
MayWriteDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_WRITE))]
# For every key: a route that tells its caller about itself.
MayAskForItself = Annotated[Principal, Depends(permit(None))]
MayReadKeys = Annotated[Principal, Depends(permit(Permission.KEYS_READ))]
MayWriteKeys = Annotated[Principal, Depends(permit(Permission.KEYS_WRITE))]
# Entries name documents, whoever may see these.
MayReadAudit = Annotated[Principal, Depends(permit(Permission.AUDIT_READ, whole=True))]
# Public, but silent in production until an administrator's key is configured.
PublicOnceConfigured = Annotated[None, Depends(_configured)]
