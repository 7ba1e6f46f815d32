"""Search tokens as an app's own server makes them, right or wrong."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any


def part(value: object) -> str:
    """A part of a token: JSON, or text that is some already, as base64url."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def token_key(key: str) -> bytes:
    return hmac.digest(key.encode(), b"concord token", hashlib.sha256)


def token(
    key: str,
    *,
    header: object = None,
    payload: object = None,
    secret: bytes | None = None,
    digest: str = "sha256",
    **claims: Any,
) -> str:
    """Signed with the key; of an hour, unless the claims say otherwise."""
    kid = "_".join(key.split("_")[:2])
    said = {"exp": int(time.time()) + 3600, **claims}
    signed = ".".join(
        part(value)
        for value in (
            {"alg": "HS256", "kid": kid} if header is None else header,
            said if payload is None else payload,
        )
    )
    signature = hmac.digest(secret or token_key(key), signed.encode(), digest)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
