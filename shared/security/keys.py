"""Keys as texts: `ck_<id>_<secret>`, of which the server keeps a keyed hash."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

from pydantic import SecretStr

from shared.errors import Unauthenticated

PREFIX = "ck_"
_KEY = re.compile(r"ck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
# What clients derive the key of their tokens with: HMAC-SHA256 of this, by the key as it was shown.
TOKEN_LABEL = b"concord token"


class MadeKey(NamedTuple):
    """A new key: its text is shown once, the rest is stored."""

    text: str
    id: str
    hash: bytes
    sealed_token_key: bytes


class KeySecret:
    """The server's secret, without which what is stored of keys proves and forges nothing."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret.get_secret_value().encode()

    def make(self) -> MadeKey:
        """A key of 256 bits."""
        key_id = secrets.token_hex(8)
        text = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
        return MadeKey(text, key_id, self.hash_of(text), self.sealed(key_id, token_key_of(text)))

    def hash_of(self, text: str) -> bytes:
        return hmac.digest(self._secret, b"key\0" + text.encode(), "sha256")

    def sealed(self, key_id: str, token_key: bytes) -> bytes:
        """Seal a key of tokens, or open one that is sealed: both are the same."""
        pad = hmac.digest(self._secret, b"token\0" + key_id.encode(), "sha256")
        return bytes(one ^ other for one, other in zip(token_key, pad, strict=True))


def token_key_of(text: str) -> bytes:
    """What the holder of a key signs tokens with."""
    return hmac.digest(text.encode(), TOKEN_LABEL, hashlib.sha256)


def id_in(text: str) -> str:
    """The id in a key. Raises Unauthenticated for what is no key."""
    parts = _KEY.fullmatch(text)
    if parts is None:
        raise Unauthenticated
    return parts[1]
