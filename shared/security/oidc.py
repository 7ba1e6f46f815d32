"""Tokens of an OpenID Connect issuer, verified by keys that are there already: nothing is fetched."""

from collections.abc import Mapping
from typing import Any

import jwt

from shared.config import JwtSettings
from shared.domain.principals import Principal
from shared.errors import Unauthenticated
from shared.security.claims import principal_of

LEEWAY_SECONDS = 60
LONGEST_TOKEN = 16_384
_ALGORITHMS = ("RS256", "ES256", "EdDSA")
_REQUIRED = ["exp", "iss", "aud"]


def verify(token: str, keys: Mapping[str, jwt.PyJWK], settings: JwtSettings) -> Principal:
    """The bearer of a token that one of the issuer's keys has signed for this audience.

    Raises Unauthenticated, which says what is wrong with the token and quotes nothing of it.
    """
    if len(token) > LONGEST_TOKEN:
        raise _refused(f"it is longer than {LONGEST_TOKEN:,} characters")
    try:
        key = _key_of(jwt.get_unverified_header(token), keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=settings.jwt_audience,
            issuer=settings.jwt_issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise _refused(_reason(error)) from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        # Times that are no numbers of seconds, and texts that are no Unicode.
        raise _refused("it is malformed") from None
    return principal_of(claims, settings)


def _key_of(header: Mapping[str, Any], keys: Mapping[str, jwt.PyJWK]) -> jwt.PyJWK:
    algorithm = header.get("alg")
    if algorithm not in _ALGORITHMS:
        raise _refused(f"it is not signed by {', '.join(_ALGORITHMS[:-1])} or {_ALGORITHMS[-1]}")
    kid = header.get("kid")
    if kid is None:
        raise _refused("its header has no kid, by which the key is found")
    key = keys.get(kid)
    if key is None:
        raise _refused("its kid is none of the issuer's keys; new ones are taken over every few minutes")
    if key.algorithm_name != algorithm:
        raise _refused("its alg is not that of the key")
    return key


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "it has expired"
        case jwt.ImmatureSignatureError():
            return "it is not valid yet (nbf, iat)"
        case jwt.InvalidAudienceError():
            return "its aud is not JWT_AUDIENCE"
        case jwt.InvalidIssuerError():
            return "its iss is not JWT_ISSUER"
        case jwt.InvalidSignatureError():
            return "its signature is not by the key that it names"
        case jwt.MissingRequiredClaimError():
            return f"it has no {error.claim}"
        case _:
            return "it is malformed"


def _refused(reason: str) -> Unauthenticated:
    return Unauthenticated(f"The token is not accepted: {reason}.")
