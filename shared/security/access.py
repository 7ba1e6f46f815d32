"""Who a bearer key belongs to: the administrator, or a principal of a stored key."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.config import AccessSettings, Environment
from shared.domain.principals import ADMIN, Principal
from shared.errors import KeyEnded, Unauthenticated

if TYPE_CHECKING:
    from shared.domain.keys import StoredKey
    from shared.security.keys import KeySecret
    from shared.security.remembered_keys import FindKey, RememberedKeys
    from shared.security.tokens import GivenToken

_KEY_PREFIX = "ck_"


class AccessControl:
    def __init__(self, settings: AccessSettings, key_secret: SecretStr | None = None) -> None:
        """Without a `key_secret` the administrator's key is the only one."""
        self._admin_key_hash = settings.admin_key_hash
        self._is_production = settings.environment is Environment.PRODUCTION
        self._key_secret = key_secret
        self._remembered: RememberedKeys | None = None

    @property
    def is_configured(self) -> bool:
        """Whether anything but /health may answer at all."""
        return self._admin_key_hash is not None or not self._is_production

    def knows(self, bearer: str | None) -> bool:
        """Whether the database need not be asked: of the administrator's, of none, and of a key in use."""
        if bearer is None or not bearer.startswith(_KEY_PREFIX):
            return True
        return self._remembered is not None and self._remembered.has(bearer.split("_")[1])

    async def authenticate(self, bearer: str | None, find: "FindKey | None" = None) -> Principal:
        """The principal of a key; locally, without an admin key, whoever has none is the administrator.

        `find` asks the database for a key, where there is one. Raises Unauthenticated, and what `find` does.
        """
        self._refuse_until_configured()
        if bearer and bearer.startswith(_KEY_PREFIX):
            return (await self._stored_key(bearer, find)).principal
        if self._admin_key_hash is None:
            return ADMIN
        digest = hashlib.sha256((bearer or "").encode()).hexdigest()
        if bearer and hmac.compare_digest(digest, self._admin_key_hash):
            return ADMIN
        raise Unauthenticated

    async def verify(self, token: "GivenToken", find: "FindKey | None") -> Principal:
        """The bearer of a token that a key has signed. Raises Unauthenticated, and what `find` does."""
        from shared.security.tokens import not_signed, verify_token  # noqa: PLC0415 - who has none needs none

        self._refuse_until_configured()
        secret, stored = await self._find(token.key_id, find)
        if stored is None:
            raise not_signed()
        now = datetime.now(UTC)
        token_key = secret.sealed(stored.id, stored.sealed_token_key)
        principal = verify_token(token, stored, token_key, now=now.timestamp())
        if stored.has_ended(now):
            raise Unauthenticated("The token's key has expired or was revoked.")
        return principal

    def _refuse_until_configured(self) -> None:
        if not self.is_configured:
            raise Unauthenticated("Nobody can sign in yet: set ADMIN_KEY_HASH.")

    async def _stored_key(self, text: str, find: "FindKey | None") -> "StoredKey":
        # Where the administrator alone calls, nothing of keys is loaded.
        from shared.security.keys import id_in  # noqa: PLC0415 - see above

        secret, stored = await self._find(id_in(text), find)
        given = secret.hash_of(text)
        if stored is None or not hmac.compare_digest(given, stored.hash):
            raise Unauthenticated
        if stored.has_ended(datetime.now(UTC)):
            raise KeyEnded(stored.principal.name)
        return stored

    async def _find(self, key_id: str, find: "FindKey | None") -> "tuple[KeySecret, StoredKey | None]":
        """The key of an id, and what its secrets are checked with."""
        from shared.security.keys import KeySecret  # noqa: PLC0415 - as above
        from shared.security.remembered_keys import RememberedKeys  # noqa: PLC0415 - as above

        if self._key_secret is None:
            raise Unauthenticated("Keys cannot be checked here: set KEY_HASH_SECRET.")
        if find is None:
            raise Unauthenticated
        if self._remembered is None:
            self._remembered = RememberedKeys()
        return KeySecret(self._key_secret), await self._remembered.find(key_id, find)
