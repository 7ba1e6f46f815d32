"""Search tokens: JWTs that the holder of a key signs for a browser, without asking anybody.

They are signed by HMAC-SHA256 alone (HS256), which the standard library has; a library of JWTs would make
each search function load one of cryptography, and is content with texts that are not quite base64.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from shared.domain.keys import StoredKey
from shared.domain.principals import Principal
from shared.domain.tokens import TokenClaims, bearer_of
from shared.errors import Unauthenticated
from shared.security.keys import PREFIX, id_in, token_key_of

LONGEST_TOKEN = 4_096
# A token for browsers cannot be taken back alone: it has to end by itself.
LONGEST_LIFE_SECONDS = 30 * 86_400
LEEWAY_SECONDS = 60
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_KEY_ID = re.compile(rf"{PREFIX}([0-9a-f]{{16}})")
_HEADER = {"alg", "kid", "typ"}


class GivenToken(NamedTuple):
    """What claims to be a token of a key; nothing of it is verified."""

    text: str
    header: dict[str, Any]

    @property
    def kid(self) -> str:
        kid: str = self.header["kid"]
        return kid

    @property
    def key_id(self) -> str:
        """Raises Unauthenticated for what is no key's id, and for a token that is too long to look at."""
        found = _KEY_ID.fullmatch(self.kid)
        if found is None:
            raise _refused("its kid is no key's")
        if len(self.text) > LONGEST_TOKEN:
            raise _refused(f"it is longer than {LONGEST_TOKEN:,} characters")
        return found[1]


def read_token(bearer: str) -> GivenToken | None:
    """The token, if its header names a key of ours; None for everything else."""
    try:
        header = _read_part(bearer.partition(".")[0])
    except ValueError:
        return None
    kid = header.get("kid")
    return GivenToken(bearer, header) if isinstance(kid, str) and kid.startswith(PREFIX) else None


def sign_token(key: str, claims: Mapping[str, Any]) -> str:
    """A token that says this, signed with a key of one's own. Raises Unauthenticated for what is no key."""
    header = {"alg": "HS256", "kid": f"{PREFIX}{id_in(key)}", "typ": "JWT"}
    signed = ".".join(_text_of(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_signature(token_key_of(key), signed)}"


def verify_token(token: GivenToken, key: StoredKey, token_key: bytes, *, now: float) -> Principal:
    """The bearer of a token that this key has signed.

    Raises Unauthenticated, which says what is wrong with the token and quotes nothing of it.
    """
    parts = _PARTS.fullmatch(token.text)
    if parts is None or token.header.get("alg") != "HS256" or not token.header.keys() <= _HEADER:
        raise _refused("it is not three parts of base64url, of which the header is alg HS256, kid and typ")
    if not hmac.compare_digest(_signature(token_key, f"{parts[1]}.{parts[2]}"), parts[3]):
        raise not_signed()
    try:
        claims = TokenClaims.model_validate(_read_part(parts[2]))
    except ValidationError as error:
        raise _refused(_problem(error)) from None
    except ValueError:
        raise _refused("its claims are no object of JSON with each name once") from None
    _refuse_times(claims, now)
    try:
        return bearer_of(claims, key)
    except ValueError as error:
        raise _refused(f"its claim {error}") from None


def not_signed() -> Unauthenticated:
    """The same whether there is such a key or not."""
    return _refused("no key that there is has signed it")


def _refuse_times(claims: TokenClaims, now: float) -> None:
    if claims.exp <= now:
        raise _refused("it has expired")
    if claims.exp > now + LONGEST_LIFE_SECONDS + LEEWAY_SECONDS:
        raise _refused(f"its exp is more than {LONGEST_LIFE_SECONDS // 86_400} days ahead")
    if max(claims.nbf or 0, claims.iat or 0) > now + LEEWAY_SECONDS:
        raise _refused("it is not valid yet (nbf, iat)")


def _signature(token_key: bytes, signed: str) -> str:
    return _text_of(hmac.digest(token_key, signed.encode(), "sha256"))


def _text_of(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _read_part(text: str) -> dict[str, Any]:
    """An object of JSON. Raises ValueError for everything else, and for one that has a name twice."""
    try:
        part = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        value = json.loads(part, object_pairs_hook=_once_each)
    except (binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("unreadable") from error
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - as for all else that was sent.
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _problem(error: ValidationError) -> str:
    """Of the first problem the claim, as far as its name is one of ours, and what it has to be."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        return "it has a claim that no token has"
    return f"its claim {first['loc'][0]} cannot be: {first['msg']}"


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The token is not accepted: {reason}.")
