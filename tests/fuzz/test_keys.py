"""Keys open what they name, letter by letter, and nothing that looks like it."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.document_ids import document_id
from tests.fuzz.corpora import INJECTIONS, LOOK_ALIKES, UNSTORABLE
from tests.fuzz.test_unicode import JSON, SIMILAR_NAMES, TEXTS
from tests.fuzz.untouched import holds, untouched

KEYS = "/v1/keys"
WANTED = {"actions": ["documents:read"], "collections": ["acme*"]}
# Before the star: of acme* or not, but for what they look like.
OUTSIDE = ("Acme", "ACME", "acm", "acrne", "emca", "x-acme", ".acme")


@pytest.fixture(scope="module")
def keyed(client: httpx.Client, attacked_url: str) -> Iterator[httpx.Client]:
    with untouched(client, attacked_url):
        for name in ("acme", "acme-2", *OUTSIDE, *SIMILAR_NAMES):
            client.post("/v1/collections", json={"name": name}).raise_for_status()
        yield client


def _key(client: httpx.Client, **wanted: object) -> dict[str, str]:
    """The headers of a new key."""
    made = client.post(KEYS, json={**WANTED, **wanted}).raise_for_status().json()
    return {"authorization": f"Bearer {made['key']}"}


def _is_open(client: httpx.Client, name: str, headers: dict[str, str]) -> bool:
    answer = client.get(f"/v1/collections/{name}/documents", headers=headers)
    holds(answer)
    assert answer.status_code in {200, 403, 404}
    return answer.status_code == 200


def test_a_pattern_opens_no_look_alike(keyed: httpx.Client) -> None:
    headers = _key(keyed)
    opened = [name for name in ("acme", "acme-2", *OUTSIDE) if _is_open(keyed, name, headers)]
    assert opened == ["acme", "acme-2"]


def test_a_name_opens_itself_alone(keyed: httpx.Client) -> None:
    for name in SIMILAR_NAMES:
        headers = _key(keyed, collections=[name])
        assert [other for other in SIMILAR_NAMES if _is_open(keyed, other, headers)] == [name]


def test_patterns_have_no_characters_to_mistake(keyed: httpx.Client) -> None:
    odd = [text for text in (*TEXTS, *INJECTIONS) if document_id(text) != text]
    for text in (*odd, "**", "a*b", "*a", "", "?", "[a-z]*", "acme\n*", "acme*\n"):
        for wrong in ({"collections": [text]}, {"collections": [f"{text}*"]}, {"readers": [text]}):
            if wrong == {"collections": ["*"]}:
                continue
            answer = keyed.post(KEYS, json={**WANTED, **wrong})
            holds(answer)
            assert answer.status_code == 422, wrong
    for field in ("actions", "replaces", "expires_at", "limits"):
        for text in (*TEXTS, *INJECTIONS):
            answer = keyed.post(KEYS, json={**WANTED, field: [text] if field == "actions" else text})
            holds(answer)
            assert answer.status_code == 422, (field, text)


def test_descriptions_come_back_as_they_were_sent(keyed: httpx.Client) -> None:
    texts = [*TEXTS, *INJECTIONS]
    for text in texts:
        answer = keyed.post(KEYS, json={**WANTED, "description": text})
        holds(answer)
        assert answer.json()["description"] == text
    listed = keyed.get(KEYS, params={"limit": 1_000})
    holds(listed)
    assert {key["description"] for key in listed.json()["keys"]} >= set(texts)


def test_what_no_database_can_hold_is_refused(keyed: httpx.Client) -> None:
    for text in UNSTORABLE:
        for field in ('"description": "TEXT"', '"collections": ["TEXT"]', '"readers": ["TEXT"]'):
            body = (
                f'{{"actions": ["documents:read"], "collections": ["acme"], {field.replace("TEXT", text)}}}'
            )
            answer = keyed.post(KEYS, content=body.encode(), headers=JSON)
            holds(answer)
            assert answer.status_code == 422, body


def test_a_changed_key_is_none(keyed: httpx.Client) -> None:
    """Nor is one with look-alikes of its letters; after some failed attempts the next has to wait."""
    real = _key(keyed)["authorization"]
    assert keyed.get("/v1/collections/acme/documents", headers={"authorization": real}).status_code == 200
    # A header neither has line ends nor ends in spaces.
    odd = [other for like, other in LOOK_ALIKES if like == "acme" and other.strip() == other]

    @settings(max_examples=50, deadline=None)
    @given(st.integers(len("Bearer "), len(real) - 1), st.sampled_from(["", "0", "g", "_", "%", "'", *odd]))
    def check(place: int, put: str) -> None:
        changed = real[:place] + put + real[place + 1 :]
        if changed == real:
            return
        answer = keyed.get("/v1/collections/acme/documents", headers=[(b"authorization", changed.encode())])
        assert answer.status_code in {401, 429}, (changed, answer.text)

    check()
