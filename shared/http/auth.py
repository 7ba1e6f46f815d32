"""A route's permission, as a named alias in its signature. A route without one is public."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from shared.domain.principals import Permission, Principal
from shared.errors import PermissionDenied, Unauthenticated
from shared.security.access import AccessControl

_SCHEME = "bearer "


def bearer_key(request: Request) -> str | None:
    header = request.headers.get("authorization", "")
    return header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else None


def permit(permission: Permission) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that yields the caller. Raises Unauthenticated, PermissionDenied."""

    async def permitted(request: Request) -> Principal:
        access: AccessControl = request.app.state.access
        principal = access.authenticate(bearer_key(request))
        if not principal.may(permission):
            raise PermissionDenied(details=[{"field": "authorization", "message": permission.value}])
        return principal

    return permitted


async def _configured(request: Request) -> None:
    access: AccessControl = request.app.state.access
    if not access.is_configured:
        raise Unauthenticated("Nothing but /health answers yet: set ADMIN_KEY_HASH.")


MayReadCollections = Annotated[Principal, Depends(permit(Permission.COLLECTIONS_READ))]
MayWriteCollections = Annotated[Principal, Depends(permit(Permission.COLLECTIONS_WRITE))]
MayReadDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_READ))]
MaySearchDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_SEARCH))]
MayWriteDocuments = Annotated[Principal, Depends(permit(Permission.DOCUMENTS_WRITE))]
# Public, but silent in production until an administrator's key is configured.
PublicOnceConfigured = Annotated[None, Depends(_configured)]
