"""Who a bearer key belongs to. Until keys of their own exist there is one: the administrator's."""

import hashlib
import hmac

from shared.config import AccessSettings, Environment
from shared.domain.principals import ADMIN, Principal
from shared.errors import Unauthenticated


class AccessControl:
    def __init__(self, settings: AccessSettings) -> None:
        self._admin_key_hash = settings.admin_key_hash
        self._is_production = settings.environment is Environment.PRODUCTION

    @property
    def is_configured(self) -> bool:
        """Whether anything but /health may answer at all."""
        return self._admin_key_hash is not None or not self._is_production

    def authenticate(self, key: str | None) -> Principal:
        """The principal of a key; locally, without an admin key, everybody is the administrator.

        Raises Unauthenticated.
        """
        if self._admin_key_hash is None:
            if self._is_production:
                raise Unauthenticated("Nobody can sign in yet: set ADMIN_KEY_HASH.")
            return ADMIN
        digest = hashlib.sha256((key or "").encode()).hexdigest()
        if key and hmac.compare_digest(digest, self._admin_key_hash):
            return ADMIN
        raise Unauthenticated
