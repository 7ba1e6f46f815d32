"""Signs in with JWTs of an issuer, where one is configured."""

from starlette.requests import Request

from shared.config import JwtSettings
from shared.domain.principals import Principal
from shared.security import oidc
from shared.services.signing_keys import RememberedKeySet


class JwtBearers:
    def __init__(self, settings: JwtSettings, issuer: str) -> None:
        self._settings = settings
        self._keys = RememberedKeySet(issuer)

    async def authenticate(self, token: str, request: Request) -> Principal:
        """The bearer. Raises Unauthenticated, DatabaseUnavailable."""
        keys = await self._keys.read(request.app.state.database)
        return oidc.verify(token, keys, self._settings)
