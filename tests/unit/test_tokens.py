"""Search tokens as texts: what is taken, and above all what is not."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.keys import StoredKey, covers
from shared.domain.principals import Limits, Permission, Principal
from shared.errors import Unauthenticated
from shared.security.tokens import read_token, sign_token, verify_token
from tests.builders.tokens import part, token, token_key

KEY_ID = "0123456789abcdef"
# Of this century, and later than any run of tests.
FAR = 4_102_444_800
KEY = f"ck_{KEY_ID}_{'s' * 43}"
STORED = StoredKey(
    id=KEY_ID,
    hash=b"",
    sealed_token_key=b"",
    actions=["documents:*", "collections:read"],
    collections=["guides", "sec*"],
    readers=None,
    limits={"max_limit": 50, "requests_per_second": 10.0, "burst": 20},
    expires_at=None,
    revoked_at=None,
)


def bearer(text: str, stored: StoredKey = STORED) -> Principal:
    """Whose token it is, for a server that knows one key."""
    found = read_token(text)
    if found is None or found.key_id != KEY_ID:
        raise Unauthenticated
    return verify_token(found, stored, token_key(KEY), now=datetime.now(UTC).timestamp())


def test_a_token_says_who_its_bearer_is() -> None:
    said: dict[str, Any] = {
        "sub": "ada",
        "collections": ["guides"],
        "filter": "a = 1",
        "fields": ["b", "a", "b"],
        "readers": ["user:ada"],
        "limits": {"max_limit": 80, "searches_per_day": 5, "requests_per_second": 2},
        "nbf": time.time() - 5,
        "iat": time.time() + 30,
    }
    found = bearer(token(KEY, **said))
    assert found.name == f"token:{KEY_ID}:ada"
    assert found.permissions == {Permission.DOCUMENTS_SEARCH}
    assert (found.collections, found.readers, found.fields) == (("guides",), ("user:ada",), ("a", "b"))
    assert found.filter == "a = 1"
    assert found.limits == Limits(max_limit=50, searches_per_day=5, requests_per_second=2, burst=20)
    assert found.signer is not None
    assert (found.signer.name, found.signer.limits) == (f"key:{KEY_ID}", Limits(10.0, 20, max_limit=50))


def test_a_token_that_says_nothing_is_its_key_searching() -> None:
    found = bearer(sign_token(KEY, {"exp": time.time() + 60}))
    assert found.name == f"token:{KEY_ID}:-"
    assert (found.collections, found.readers, found.filter, found.fields) == (
        ("guides", "sec*"),
        None,
        None,
        None,
    )
    assert bearer(token(KEY, jti="7")).name == f"token:{KEY_ID}:7"
    unlimited = STORED._replace(limits=None, readers=["user:ada"])
    assert bearer(token(KEY), unlimited).limits is None
    assert bearer(token(KEY), unlimited).readers == ("user:ada",)


def test_what_is_no_key_signs_nothing() -> None:
    with pytest.raises(Unauthenticated):
        sign_token("the administrator's", {"exp": 1})


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "it has expired"),
        ({"exp": FAR}, "its exp is more than 30 days ahead"),
        ({"nbf": FAR}, "it is not valid yet"),
        ({"iat": FAR}, "it is not valid yet"),
        ({"exp": "tomorrow"}, "its claim exp cannot be"),
        ({"exp": True}, "its claim exp cannot be"),
        ({"exp": None}, "its claim exp cannot be"),
        ({"payload": {"sub": "ada"}}, "its claim exp cannot be"),
        ({"payload": '{"exp": 1e999}'}, "its claim exp cannot be"),
        ({"payload": '{"exp": NaN}'}, "its claim exp cannot be"),
        ({"payload": "[1]"}, "no object of JSON"),
        ({"payload": '{"exp": 99, "exp": 4102444800}'}, "with each name once"),
        ({"payload": "[" * 2_000}, "no object of JSON"),
        ({"sub": "with space"}, "its claim sub cannot be"),
        ({"jti": "x" * 200}, "its claim jti cannot be"),
        ({"admin": True}, "it has a claim that no token has"),
        ({"actions": ["*"]}, "it has a claim that no token has"),
        ({"collections": []}, "its claim collections cannot be"),
        ({"collections": "guides"}, "its claim collections cannot be"),
        ({"collections": ["a b"]}, "its claim collections cannot be"),
        ({"fields": [""]}, "its claim fields cannot be"),
        ({"fields": ["\ud800"]}, "its claim fields cannot be"),
        ({"filter": "a = \u0000"}, "its claim filter cannot be"),
        ({"readers": ["a b"]}, "its claim readers cannot be"),
        ({"limits": {"burst": 3}}, "its claim limits cannot be"),
        ({"limits": {"max_limit": 0}}, "its claim limits cannot be"),
        ({"limits": {"everything": 1}}, "its claim limits cannot be"),
        ({"filter": "x" * 4_000}, "it is longer than 4,096 characters"),
        ({"header": {"alg": "none"}}, None),
        ({"header": {"alg": "none", "kid": "KID"}}, "alg HS256"),
        ({"header": {"alg": "HS512", "kid": "KID"}, "digest": "sha512"}, "three parts"),
        ({"header": {"alg": "RS256", "kid": "KID"}}, "alg HS256"),
        ({"header": {"alg": "HS256", "kid": "KID", "crit": ["exp"]}}, "alg HS256"),
        ({"header": {"alg": "HS256", "kid": "KID", "jwk": {"kty": "oct", "k": "AA"}}}, "alg HS256"),
        ({"header": '{"alg": "none", "alg": "HS256", "kid": "KID"}'}, None),
        ({"header": {"alg": "HS256", "kid": "ck_0000000000000000"}}, None),
        ({"header": {"alg": "HS256", "kid": "ck_"}}, "its kid is no key's"),
        ({"header": {"alg": "HS256", "kid": "ck_'; DROP"}}, "its kid is no key's"),
        ({"header": {"alg": "HS256", "kid": 7}}, None),
        ({"secret": b"another"}, "no key that there is has signed it"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_good_token_is_refused(claims: dict[str, Any], reason: str | None) -> None:
    if "header" in claims:
        header = claims["header"]
        text = header if isinstance(header, str) else json.dumps(header)
        claims = {**claims, "header": text.replace("KID", f"ck_{KEY_ID}")}
    with pytest.raises(Unauthenticated) as refused:
        bearer(token(KEY, **claims))
    assert (reason or "") in refused.value.message
    assert KEY not in refused.value.message


def test_texts_that_only_look_like_a_token_are_refused() -> None:
    good = token(KEY)
    head, said, signature = good.split(".")
    other = part({"exp": time.time() + 9_000, "filter": "a = 1"})
    for bad in (
        f"{head}.{said}.",
        f"{head}.{said}",
        f"{head}..{signature}",
        f"{head}.{other}.{signature}",
        f"{head}.{said}.{signature}=",
        f"{head}.{said}.{signature}A",
        f"{head}.{said}=.{signature}",
        f"{head}.{said}.{signature}.",
        f"{head}.{said}.{'A' * 43}",
        f"{head}.{said}.{signature[:-1]}-",
        f"eyJ.{said}.{signature}",
        f"eyJ{'A' * 50}.{said}.{signature}",
        f"eyé.{said}.{signature}",
    ):
        with pytest.raises(Unauthenticated):
            bearer(bad)
    assert bearer(good)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good token of which some characters are others, gone, or more."""
    good = token(KEY, exp=2**31, sub="ada", filter="a = 1")
    text = list(good)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text) - 1))
        put = draw(
            st.sampled_from(["", ".", "=", "-", "_", "+", "/", "A", "z", "0", "\n", "é", " "])
            | st.characters()
        )
        text[place : place + draw(st.integers(0, 2))] = [put]
    changed = "".join(text)
    return changed if changed != good else changed + "A"


@given(mutated() | st.text(max_size=200) | st.text("eyJ.-_A0", max_size=60).map(lambda text: "eyJ" + text))
def test_no_other_text_is_a_token(text: str) -> None:
    with pytest.raises(Unauthenticated):
        bearer(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
LIMIT = st.none() | st.integers(-1, 200) | st.floats(-1, 200)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "exp": st.just(time.time() + 3_600) | JSON,
        "nbf": JSON,
        "sub": st.sampled_from(["ada", "with space"]) | JSON,
        "collections": st.lists(
            st.sampled_from(["guides", "guides*", "sec*", "secrets", "s*", "*"]), max_size=3
        )
        | JSON,
        "filter": st.sampled_from(["a = 1", "("]) | JSON,
        "fields": st.lists(st.sampled_from(["a", "b"]), max_size=3) | JSON,
        "readers": st.lists(st.sampled_from(["user:ada", "user:bob", "group:eng"]), max_size=3) | JSON,
        "limits": st.dictionaries(st.sampled_from(Limits._fields), LIMIT, max_size=3) | JSON,
        "permissions": JSON,
    },
)


@given(CLAIMS, st.sampled_from([None, ["user:ada", "group:eng"]]))
def test_claims_narrow_and_never_widen(claims: dict[str, Any], readers: list[str] | None) -> None:
    stored = STORED._replace(readers=readers)
    claims = {"exp": time.time() + 3_600, **claims}
    try:
        found = bearer(token(KEY, payload=json.dumps(claims)), stored)
    except Unauthenticated:
        return
    key = stored.principal
    assert found.permissions == {Permission.DOCUMENTS_SEARCH}
    assert all(covers(stored.collections, pattern) for pattern in found.collections)
    assert key.readers is None or (found.readers is not None and set(found.readers) <= set(key.readers))
    assert found.filter == claims.get("filter")
    assert found.limits is not None
    for name, limit in stored.limits.items():  # type: ignore[union-attr] # It has some.
        assert getattr(found.limits, name) <= limit
