"""The server's secret of keys, for routes that make them."""

from typing import Annotated

from fastapi import Depends, Request

from shared.config import KeySettings
from shared.errors import KeysNotConfigured
from shared.security.keys import KeySecret


def open_key_secret(settings: KeySettings) -> KeySecret | None:
    return None if settings.key_hash_secret is None else KeySecret(settings.key_hash_secret)


async def _key_secret(request: Request) -> KeySecret:
    secret: KeySecret | None = request.app.state.key_secret
    if secret is None:
        raise KeysNotConfigured
    return secret


OpenKeySecret = Annotated[KeySecret, Depends(_key_secret)]
