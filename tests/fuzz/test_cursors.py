"""Whatever is sent as a cursor is refused as one, or answered with a page of the list that was asked for."""

import base64
from typing import NamedTuple

import httpx
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.http.paging import encode_cursor

LISTED = "/v1/collections/listed"
PAGE = {"limit": 2}


class List(NamedTuple):
    """`key` is what its answer calls the items, `name` what an item is told by."""

    path: str
    key: str
    name: str


LISTS = (
    List("/v1/collections", "collections", "name"),
    List("/v1/aliases", "aliases", "alias"),
    List(f"{LISTED}/documents", "documents", "id"),
    List(f"{LISTED}/imports", "imports", "id"),
    List(f"{LISTED}/sources", "sources", "id"),
    List("/v1/usage", "usage", "principal"),
    List("/v1/keys", "keys", "id"),
    List("/v1/audit", "entries", "id"),
)


@pytest.fixture(scope="module")
def lists(client: httpx.Client, attacked_url: str) -> httpx.Client:
    """Of each list more than a page; other collections have what belongs to none of them."""
    for collection in ("listed", "other", "third"):
        for _ in range(2):
            new_key = {"actions": ["documents:read"], "collections": [collection]}
            client.post("/v1/keys", json=new_key).raise_for_status()
        client.post("/v1/collections", json={"name": collection}).raise_for_status()
        documents = [{"id": f"{collection}-{place}", "body": "text"} for place in range(5)]
        address = f"/v1/collections/{collection}"
        client.post(f"{address}/documents", json={"documents": documents}).raise_for_status()
        client.put(f"/v1/aliases/{collection}-alias", json={"collection": collection}).raise_for_status()
        for place in range(3):
            new_import = {"format": "ndjson", "content": f'{{"id": "{collection}", "body": "{place}"}}'}
            client.post(f"{address}/imports", json=new_import).raise_for_status()
            source = {"id": f"{collection}-{place}", "kind": "feed", "url": f"https://example.com/{place}"}
            client.post(f"{address}/sources", json=source).raise_for_status()
    with psycopg.connect(attacked_url) as connection:
        connection.execute(
            "INSERT INTO concord.usage (day, principal) SELECT CURRENT_DATE, 'key:' || i"
            " FROM generate_series(1, 5) i"
        )
    return client


def _names(answer: httpx.Response, asked: List) -> list[str]:
    return [item[asked.name] for item in answer.raise_for_status().json()[asked.key]]


def _refused_or_among(answer: httpx.Response, asked: List, everything: set[str]) -> None:
    if answer.status_code == 422:
        assert answer.json()["error"]["code"] == "invalid_cursor"
    else:
        names = _names(answer, asked)
        assert len(names) <= PAGE["limit"]
        assert everything.issuperset(names)


_texts = st.text(max_size=60)
_decoded = st.one_of(
    _texts,
    st.dates().map(str),
    st.uuids().map(str),
    st.sampled_from(
        [
            "listed",
            "listed-2",
            "other-2",
            "0",
            "9" * 30,
            "2026-01-01 key:2",
            "2026-02-30 x",
            "-1",
            "\x7f",
            "%",
        ]
    ),
)


def _encoded(prefix: str, text: str) -> str:
    return base64.urlsafe_b64encode(f"{prefix}{text}".encode()).decode().rstrip("=")


_cursors = st.one_of(
    _texts,
    _decoded.map(lambda text: _encoded("after:", text)),
    _decoded.map(lambda text: _encoded("", text)),
    st.binary(max_size=60).map(lambda data: base64.urlsafe_b64encode(b"after:" + data).decode()),
)


@pytest.mark.parametrize("asked", LISTS, ids=lambda asked: asked.path)
def test_any_cursor_is_refused_or_a_place_in_the_list(lists: httpx.Client, asked: List) -> None:
    everything = set(_names(lists.get(asked.path, params={"limit": 1_000}), asked))

    @settings(max_examples=50, deadline=None)
    @given(_cursors)
    def check(cursor: str) -> None:
        answer = lists.get(asked.path, params={**PAGE, "cursor": cursor})
        _refused_or_among(answer, asked, everything)

    check()


@pytest.mark.parametrize("asked", LISTS, ids=lambda asked: asked.path)
def test_a_changed_cursor_is_refused_or_a_place_in_the_list(lists: httpx.Client, asked: List) -> None:
    everything = _names(lists.get(asked.path, params={"limit": 1_000}), asked)
    first = lists.get(asked.path, params=PAGE).json()
    real = first["cursor"]
    assert [item[asked.name] for item in first[asked.key]] == everything[:2]
    assert _names(lists.get(asked.path, params={**PAGE, "cursor": real}), asked) == everything[2:4]

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, len(real) - 1), st.sampled_from([*"Aa0-_=+/. ", "é", "\x00", ""]))
    def check(place: int, put: str) -> None:
        answer = lists.get(asked.path, params={**PAGE, "cursor": real[:place] + put + real[place + 1 :]})
        _refused_or_among(answer, asked, set(everything))

    check()


def test_a_cursor_of_one_list_shows_nothing_of_it_in_another(lists: httpx.Client) -> None:
    for asked in LISTS:
        everything = set(_names(lists.get(asked.path, params={"limit": 1_000}), asked))
        for item in ("other-0", "other-alias", "listed-1", "2026-01-01 admin"):
            answer = lists.get(asked.path, params={**PAGE, "cursor": encode_cursor(item)})
            _refused_or_among(answer, asked, everything)
