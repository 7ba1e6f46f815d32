"""An issuer of JWTs with real keys, and the site that publishes them."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.builders.web_site import Page, WebSite

AUDIENCE = "https://search.example.com"
ISSUER = "https://login.example.com/"

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Key:
    """A key pair, by its id and algorithm."""

    def __init__(self, kid: str, algorithm: str = "ES256", *, bits: int = 2048) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self.private = _private_key(algorithm, bits)

    def public(self, **changed: object) -> dict[str, Any]:
        """Its JWK, as issuers publish it. What is changed to None is left out."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            jwk = ECAlgorithm.to_jwk(public, as_dict=True)
        else:
            jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
        published = {**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig", **changed}
        published.pop("key_ops", None)
        return {name: value for name, value in published.items() if value is not None}

    def token(self, headers: Any = None, **claims: object) -> str:
        """A good token with more headers and other claims; those that are None are left out."""
        payload = {**good_claims(), **claims}
        return jwt.encode(
            {name: value for name, value in payload.items() if value is not None},
            self.private,
            algorithm=self.algorithm,
            headers={"kid": self.kid, **(headers or {})},
        )


def good_claims() -> dict[str, Any]:
    """Good for longer than all tests take: some tokens are made before the first one runs."""
    now = int(time.time())
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 86_400}


def encoded(value: object) -> str:
    """A part of a token, of JSON or of bytes."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def publish(site: WebSite, *keys: dict[str, Any], issuer: str | None = None) -> str:
    """Put the keys and the discovery document there; returns the issuer, which is the site's address."""
    named = site.url if issuer is None else issuer
    site.pages["/keys"] = as_json({"keys": list(keys)})
    site.pages["/.well-known/openid-configuration"] = as_json(
        {"issuer": named, "jwks_uri": f"{site.url}/keys"}
    )
    return site.url


def as_json(document: object) -> Page:
    return Page(json.dumps(document).encode(), content_type="application/json")


def _private_key(algorithm: str, bits: int) -> PrivateKey:
    match algorithm:
        case "RS256":
            return rsa.generate_private_key(65_537, bits)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case _:
            return ed25519.Ed25519PrivateKey.generate()
