"""Which tokens are accepted, for what, and what is said of all others."""

import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWK

from shared.config import JwtSettings
from shared.domain.principals import EVERY_COLLECTION, Permission, Principal
from shared.errors import Unauthenticated
from shared.security.oidc import LONGEST_TOKEN, verify
from shared.security.signing_keys import read_key_set, verifying_key
from tests.builders.issuer import AUDIENCE, ISSUER, Key, encoded, good_claims

KEYS = {algorithm: Key(f"key-{algorithm}", algorithm) for algorithm in ("RS256", "ES256", "EdDSA")}
KEY = KEYS["ES256"]
KNOWN: Mapping[str, PyJWK] = {
    found.kid: verifying_key(found) for found in read_key_set([key.public() for key in KEYS.values()])
}
STRANGER = Key(KEY.kid)


def settings(**changed: Any) -> JwtSettings:
    return JwtSettings.model_validate({"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **changed})


def bearer(token: str, **changed: Any) -> Principal:
    return verify(token, KNOWN, settings(**changed))


def why_refused(token: str, **changed: Any) -> str:
    with pytest.raises(Unauthenticated) as refused:
        bearer(token, **changed)
    assert refused.value.message.startswith("The token is not accepted: ")
    return refused.value.message.removeprefix("The token is not accepted: ")


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_token_of_each_algorithm_is_accepted(algorithm: str) -> None:
    principal = bearer(KEYS[algorithm].token(permissions=["documents:search", "documents:read"]))
    assert principal == Principal(
        name="jwt:ada",
        permissions=frozenset({Permission.DOCUMENTS_SEARCH, Permission.DOCUMENTS_READ}),
        collections=EVERY_COLLECTION,
        readers=("user:ada",),
    )


def test_one_of_several_audiences_is_enough() -> None:
    assert bearer(KEY.token(aud=["https://other.example.com", AUDIENCE])).name == "jwt:ada"


@pytest.mark.parametrize(
    ("claim", "seconds", "later", "reason"),
    [
        ("exp", -30, -70, "it has expired."),
        ("nbf", 30, 100, "it is not valid yet (nbf, iat)."),
        ("iat", 30, 100, "it is not valid yet (nbf, iat)."),
    ],
)
def test_clocks_may_differ_by_a_minute(claim: str, seconds: int, later: int, reason: str) -> None:
    now = int(time.time())
    assert bearer(KEY.token(**{claim: now + seconds})).name == "jwt:ada"
    assert why_refused(KEY.token(**{claim: now + later})) == reason


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (KEY.token(aud="https://other.example.com"), "its aud is not JWT_AUDIENCE."),
        (KEY.token(iss=ISSUER.rstrip("/")), "its iss is not JWT_ISSUER."),
        (KEY.token(exp=None), "it has no exp."),
        (KEY.token(iss=None), "it has no iss."),
        (KEY.token(aud=None), "it has no aud."),
        (KEY.token(sub=None), "its claim sub names no user."),
        (STRANGER.token(), "its signature is not by the key that it names."),
        (KEY.token(headers={"kid": "secret"}), "its kid is none of the issuer's keys;"),
        (KEY.token(headers={"kid": KEYS["RS256"].kid}), "its alg is not that of the key."),
        (KEY.token(headers={"crit": ["secret"], "secret": 1}), "it is malformed."),
        (jwt.encode(good_claims(), KEY.private, "ES256"), "its header has no kid,"),
        (jwt.encode(good_claims(), KEYS["RS256"].private, "RS512", {"kid": "1"}), "it is not signed by"),
        (KEY.token(aud=7), "its aud is not JWT_AUDIENCE."),
        (f"{'a' * LONGEST_TOKEN}.b.c", "it is longer than 16,384 characters."),
        ("eyJ.a.b", "it is malformed."),
        (f"{encoded(b'[' * 5_000)}.e30.e30", "it is malformed."),
        (f"{encoded({'alg': 'ES256', 'kid': KEY.kid})}..", "its signature is not by the key that it names."),
        ("\ud800.a.b", "it is malformed."),
    ],
)  # fmt: skip
def test_it_is_told_which_check_failed(token: str, reason: str) -> None:
    told = why_refused(token)
    assert told.startswith(reason)
    assert "secret" not in told


@pytest.mark.parametrize("exp", ["soon", [1], {"a": 1}, True, float("inf")])
def test_times_that_are_none_are_refused(exp: object) -> None:
    header = {"alg": "ES256", "kid": KEY.kid}
    token = signed_by_hand(header, {**good_claims(), "exp": exp})
    assert why_refused(token) in {"it is malformed.", "it has expired."}


def signed_by_hand(header: dict[str, Any], claims: object) -> str:
    """What no library would sign."""
    signing = f"{encoded(header)}.{encoded(claims)}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signing.encode(), KEY.private)
    return f"{signing}.{encoded(signature)}"


@pytest.mark.parametrize("claims", [[], "text", None, {**good_claims(), "sub": "\ud800"}])
def test_claims_that_are_none_are_refused(claims: object) -> None:
    assert why_refused(signed_by_hand({"alg": "ES256", "kid": KEY.kid}, claims))


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS256", "HS512"])
def test_nothing_is_signed_by_what_everybody_has(algorithm: str) -> None:
    """No signature at all, and the public key taken for a secret."""
    key = KEYS["RS256"]
    header = {"alg": algorithm, "kid": key.kid}
    signing = f"{encoded(header)}.{encoded(good_claims())}"
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    name = algorithm if algorithm.startswith("HS") else "HS256"
    hmac = jwt.get_algorithm_by_name(name).sign(signing.encode(), pem)
    for signature in (b"", hmac):
        told = why_refused(f"{signing}.{encoded(signature)}")
        assert told == "it is not signed by RS256, ES256 or EdDSA."


def test_permissions_are_those_that_are_known_and_only_to_read() -> None:
    listed = [*Permission, "documents:explode", "*"]
    assert bearer(KEY.token(permissions=listed)).permissions == {
        Permission.COLLECTIONS_READ,
        Permission.DOCUMENTS_READ,
        Permission.DOCUMENTS_SEARCH,
    }
    assert bearer(KEY.token()).permissions == frozenset()


def test_who_sees_every_document_may_write() -> None:
    principal = bearer(KEY.token(permissions=["documents:write", "readers:all"], groups=["eng"]))
    assert principal.permissions == {Permission.DOCUMENTS_WRITE}
    assert principal.readers is None


def test_permissions_may_stand_in_a_scope() -> None:
    token = KEY.token(scope="openid documents:search", permissions=["documents:read"])
    assert bearer(token, jwt_permissions_claim="scope").permissions == {Permission.DOCUMENTS_SEARCH}


@pytest.mark.parametrize(
    ("claim", "collections"),
    [
        (None, ()),
        ([], ()),
        (["guides", "acme_*"], ("guides", "acme_*")),
        ("guides acme_*", ("guides", "acme_*")),
        (["guides", "*"], EVERY_COLLECTION),
    ],
)
def test_a_claim_names_the_collections(claim: object, collections: tuple[str, ...]) -> None:
    assert bearer(KEY.token(tenants=claim), jwt_collections_claim="tenants").collections == collections


def test_user_and_groups_are_readers_that_documents_can_name() -> None:
    token = KEY.token(sub="auth0|a=1", groups=["eng", "Sales Berlin", "größe"])
    principal = bearer(token)
    assert principal.name == "jwt:auth0=7Ca=3D1"
    assert principal.readers == (
        "user:auth0=7Ca=3D1",
        "group:eng",
        "group:Sales=20Berlin",
        "group:gr=C3=B6=C3=9Fe",
    )
    assert bearer(KEY.token(groups="one group")).readers == ("user:ada", "group:one=20group")
    others = KEY.token(email="ada@example.com", roles=["ops"])
    readers = bearer(others, jwt_user_claim="email", jwt_groups_claim="roles").readers
    assert readers == ("user:ada@example.com", "group:ops")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"groups": ["g"] * 201}, "its claim groups has more than 200 values."),
        ({"groups": {"a": 1}}, "its claim groups is no list of texts."),
        ({"groups": [1]}, "its claim groups is no list of texts."),
        ({"groups": [""]}, "its claim groups is no list of texts."),
        ({"groups": ["g" * 200]}, "its claim groups has a name that is too long."),
        ({"permissions": 7}, "its claim permissions is no list of texts."),
        ({"sub": ""}, "its claim sub names no user."),
        ({"sub": "u" * 200}, "its claim sub has a name that is too long."),
    ],
)
def test_claims_of_another_kind_are_refused(claims: dict[str, object], reason: str) -> None:
    assert why_refused(KEY.token(**claims)) == reason


def test_half_a_character_is_no_name() -> None:
    token = signed_by_hand({"alg": "ES256", "kid": KEY.kid}, {**good_claims(), "groups": ["\ud800"]})
    assert why_refused(token) == "its claim groups has half a character."


GOOD_TOKEN = KEY.token(permissions=["documents:read"])
PARTS = GOOD_TOKEN.split(".")


@given(
    place=st.integers(0, len(GOOD_TOKEN) - 1),
    character=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=./ \x00é"),
)
def test_a_token_with_another_character_is_never_accepted(place: int, character: str) -> None:
    changed = GOOD_TOKEN[:place] + character + GOOD_TOKEN[place + 1 :]
    if changed != GOOD_TOKEN:
        why_refused(changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "crit", "typ", "b64", "jwk", "jku", "x5u"]),
        json_values | st.sampled_from(["ES256", "RS256", "EdDSA", "none", KEY.kid]),
    ),
    claims=json_values,
    signature=st.binary(max_size=80),
)
def test_nothing_made_up_is_ever_accepted(header: dict[str, Any], claims: object, signature: bytes) -> None:
    why_refused(f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}")
    why_refused(f"{encoded(header)}.{PARTS[1]}.{PARTS[2]}")


@given(
    claims=st.dictionaries(
        st.sampled_from(["sub", "groups", "permissions", "exp", "nbf", "iat", "aud"]), json_values
    )
)
def test_whatever_an_issuer_signs_is_accepted_or_refused(claims: dict[str, Any]) -> None:
    """It never fails, and makes nobody more than a reader."""
    token = signed_by_hand({"alg": "ES256", "kid": KEY.kid}, {**good_claims(), **claims})
    try:
        principal = bearer(token)
    except Unauthenticated:
        return
    assert principal.readers
    assert not principal.may(Permission.DOCUMENTS_WRITE)


@given(text=st.text(max_size=200))
def test_text_is_no_token(text: str) -> None:
    why_refused(text)
