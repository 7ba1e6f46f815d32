"""Which of an issuer's keys are taken, and what messages carry them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.domain.signing_keys import MOST_KEYS, FetchedKeySet
from shared.errors import InvalidRequest
from shared.security.signing_keys import read_key_set
from tests.builders.issuer import Key

GOOD = Key("good")
RSA = Key("rsa", "RS256")
EDWARDS = Key("edwards", "EdDSA")


def test_a_key_of_each_kind_is_taken_with_its_public_members_alone() -> None:
    found = read_key_set([key.public(x5c=["AAAA"], x5t="1") for key in (GOOD, RSA, EDWARDS)])
    assert [(key.kid, key.algorithm, sorted(key.jwk)) for key in found] == [
        ("good", "ES256", ["crv", "kty", "x", "y"]),
        ("rsa", "RS256", ["e", "kty", "n"]),
        ("edwards", "EdDSA", ["crv", "kty", "x"]),
    ]


def test_issuers_leave_out_what_a_key_is_for_and_call_edwards_by_its_new_name() -> None:
    bare = [key.public(alg=None, use=None) for key in (GOOD, RSA)]
    assert len(read_key_set([*bare, EDWARDS.public(alg="Ed25519")])) == 3


def test_of_two_keys_with_one_id_the_first_is_taken() -> None:
    (found,) = read_key_set([GOOD.public(), RSA.public(kid="good")])
    assert found.algorithm == "ES256"


def of_another_curve() -> dict[str, Any]:
    jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True)
    return {**jwk, "kid": "p384"}


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"kty": "oct", "kid": "hmac", "k": "c2VjcmV0", "alg": "HS256"},
        of_another_curve(),
        GOOD.public(kid=None),
        GOOD.public(kid=""),
        GOOD.public(kid="a\x00b"),
        GOOD.public(kid="k" * 201),
        GOOD.public(kid=7),
        GOOD.public(use="enc"),
        GOOD.public(alg="HS256"),
        GOOD.public(alg=["ES256"]),
        GOOD.public(kty=["EC"]),
        GOOD.public(x="AA"),
        GOOD.public(x=None),
        GOOD.public(y=7),
        GOOD.public(d="AA"),
        RSA.public(alg="RS512"),
        RSA.public(n="!"),
        EDWARDS.public(x="AA"),
        Key("short", "RS256", bits=1024).public(),
    ],
)
def test_what_is_no_good_key_is_left_out(key: dict[str, Any]) -> None:
    assert [found.kid for found in read_key_set([key, Key("other").public()])] == ["other"]


def test_a_set_without_any_key_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no key for RS256, ES256 or EdDSA"):
        read_key_set([GOOD.public(use="enc")])


def test_a_message_is_read_as_it_was_sent() -> None:
    sent = FetchedKeySet.of("https://login.example.com", datetime.now(UTC), [GOOD.public()])
    assert FetchedKeySet.from_message(sent.to_message()) == sent


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("secret", "no JSON|malformed"),
        ('{"issuer": "secret", "fetched_at": "2026-01-01", "keys": []}', "fetched_at"),
        (
            f'{{"issuer": "a", "fetched_at": "2026-01-01T00:00:00Z", "keys": {[{}] * (MOST_KEYS + 1)}}}',
            "keys",
        ),
        (
            '{"issuer": "a", "fetched_at": "2026-01-01T00:00:00Z", "keys": [], "correlation_id": "a b"}',
            "correlation_id",
        ),
    ],
)
def test_what_is_no_message_is_refused_without_being_quoted(body: str, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as refused:
        FetchedKeySet.from_message(body)
    assert "secret" not in str(refused.value)
