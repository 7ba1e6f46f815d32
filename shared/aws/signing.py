"""AWS Signature Version 4, for the requests that Concord signs itself: a POST and presigned URLs."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from shared.aws.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
# In the place of a body's hash: S3 takes presigned requests whatever their body.
UNSIGNED = "UNSIGNED-PAYLOAD"
_NO_BODY = hashlib.sha256(b"").hexdigest()


class Scope(NamedTuple):
    """What a signature is good for: one service in one region, on the day it was made."""

    service: str
    region: str

    def on(self, day: str) -> str:
        return f"{day}/{self.region}/{self.service}/aws4_request"


def current_time() -> datetime:
    return datetime.now(UTC)


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    scope: Scope,
    credentials: Credentials,
    at: datetime,
) -> dict[str, str]:
    """The headers to send with that request: those given, in lower case, and those of the signature.

    `url` has no query, and a path that needs no escapes.
    """
    address = urlsplit(url)
    sent = {name.lower(): value for name, value in headers.items()}
    sent |= {"host": address.netloc.lower(), "x-amz-date": _stamp(at)}
    if credentials.session_token:
        sent["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(sent))
    payload = hashlib.sha256(body).hexdigest()
    signature = _signature(
        method, address.path, "", sent, payload, scope=scope, credentials=credentials, at=at
    )
    sent["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope.on(_day(at))}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return sent


def presigned_url(
    url: str,
    parameters: Mapping[str, str],
    *,
    lives_seconds: int,
    scope: Scope,
    credentials: Credentials,
    at: datetime,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    payload: str = _NO_BODY,
) -> str:
    """A URL that may be requested for so long by whoever has it, with these headers exactly.

    `url` has a host, a path and no query. `payload` is the body's hash, or UNSIGNED.
    """
    address = urlsplit(url)
    signed = {name.lower(): value for name, value in (headers or {}).items()}
    signed["host"] = address.netloc.lower()
    parameters = {
        **parameters,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope.on(_day(at))}",
        "X-Amz-Date": _stamp(at),
        "X-Amz-Expires": str(lives_seconds),
        "X-Amz-SignedHeaders": ";".join(sorted(signed)),
    }
    if credentials.session_token:
        parameters["X-Amz-Security-Token"] = credentials.session_token
    query = [f"{_escaped(name)}={_escaped(value)}" for name, value in parameters.items()]
    signature = _signature(
        method,
        address.path,
        "&".join(sorted(query)),
        signed,
        payload,
        scope=scope,
        credentials=credentials,
        at=at,
    )
    return f"{url}?{'&'.join([*query, f'X-Amz-Signature={signature}'])}"


def _signature(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload: str,
    *,
    scope: Scope,
    credentials: Credentials,
    at: datetime,
) -> str:
    lines = [f"{name}:{' '.join(value.split())}" for name, value in sorted(headers.items())]
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path or "/", query, *lines, "", names, payload])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    day = _day(at)
    text = "\n".join([_ALGORITHM, _stamp(at), scope.on(day), hashed])
    return _hmac(signing_key(credentials.secret_key, day, scope), text).hex()


def signing_key(secret_key: str, day: str, scope: Scope) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _day(at: datetime) -> str:
    return at.strftime("%Y%m%d")


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")
