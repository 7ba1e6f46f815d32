"""Who signs in to Redis, as a secret of Secrets Manager says it."""

import asyncio
import json

from redis.credentials import CredentialProvider

from shared.aws.secrets import read_secret
from shared.config import ConfigurationError

SETTING = "REDIS_SECRET_ARN"
# A thread goes on reading after that; the next request finds what it has read.
_LONGEST_WAIT_SECONDS = 1.0


class SecretCredentials(CredentialProvider):
    """A password, and perhaps a user, for each new connection; read anew when Redis has refused them."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._text: str | None = None
        self._refused: str | None = None
        self._login: tuple[str] | tuple[str, str] = ("",)

    async def get_ready(self) -> None:
        """Read them before anything connects: a connection that is given up while it waits for them would be
        kept without a login.

        Raises SecretUnavailable, ConfigurationError, TimeoutError.
        """
        if self._text is not None:
            return
        async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
            text = await asyncio.to_thread(read_secret, self._arn, setting=SETTING, other_than=self._refused)
        # Once the secret is mended, it is read anew.
        self._refused = text
        self._login = _login_in(text)
        self._text = text

    def were_refused(self) -> None:
        self._text = None

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        return self._login


def _login_in(text: str) -> tuple[str] | tuple[str, str]:
    """The arguments of AUTH."""
    try:
        secret = json.loads(text)
        password, username = secret["password"], secret.get("username")
    except (AttributeError, KeyError, TypeError, ValueError):
        password = username = None
    if not isinstance(password, str) or not isinstance(username, str | None):
        raise ConfigurationError(
            f"{SETTING}: the secret must be JSON with the text password, and may have username."
        )
    return (username, password) if username else (password,)
