"""Which of the keys that an issuer publishes are taken, and for what."""

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shared.domain.signing_keys import SigningKey
from shared.errors import InvalidRequest

# The one algorithm of each kind of key, by type and curve: a token never chooses another.
_ALGORITHMS: dict[tuple[object, object], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
# Ed25519 is what newer issuers call it.
_NAMES = {"RS256": {"RS256"}, "ES256": {"ES256"}, "EdDSA": {"EdDSA", "Ed25519"}}
_MEMBERS = ("kty", "crv", "n", "e", "x", "y")
_LEAST_RSA_BITS = 2_048
_LONGEST_KID = 200


def read_key_set(keys: Sequence[dict[str, Any]]) -> list[SigningKey]:
    """The keys that sign tokens by RS256, ES256 or EdDSA, once for each id; others are left out.

    Raises InvalidRequest when there is none: to store that would lock everybody out.
    """
    found: dict[str, SigningKey] = {}
    for key in keys:
        taken = _read_key(key)
        if taken is not None:
            found.setdefault(taken.kid, taken)
    if not found:
        raise InvalidRequest("The issuer's set has no key for RS256, ES256 or EdDSA; those before it stay.")
    return list(found.values())


def verifying_key(key: SigningKey) -> PyJWK:
    """What verifies signatures of this key by its algorithm and no other."""
    return PyJWK.from_dict(dict(key.jwk), algorithm=key.algorithm)


def _read_key(key: dict[str, Any]) -> SigningKey | None:
    kid, curve = key.get("kid"), key.get("crv")
    algorithm = _ALGORITHMS.get((_text(key.get("kty")), _text(curve)))
    if algorithm is None or not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID or "\x00" in kid:
        return None
    if _text(key.get("alg", algorithm)) not in _NAMES[algorithm] or key.get("use", "sig") != "sig":
        return None
    # Who publishes the private half lets anybody sign.
    if "d" in key:
        return None
    jwk = {name: key[name] for name in _MEMBERS if isinstance(key.get(name), str)}
    found = SigningKey(kid, algorithm, jwk)
    try:
        public = verifying_key(found).key
    except (PyJWTError, ValueError):
        return None
    if isinstance(public, RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        return None
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
