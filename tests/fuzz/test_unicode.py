"""Text that looks like other text is other text, and comes back as it was sent; what is none is refused."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.domain.document_ids import document_id
from shared.domain.principals import Permission, Principal
from tests.fuzz.corpora import LOOK_ALIKES, NOT_UTF8, UNSTORABLE
from tests.fuzz.untouched import holds, untouched

ODD = "/v1/collections/odd"
JSON = {"content-type": "application/json"}
TEXTS = tuple(dict.fromkeys(text for pair in LOOK_ALIKES for text in pair))
# Names may have no other characters than these, so these are all that can be mistaken for each other.
SIMILAR_NAMES = (
    "l1O0-rn",
    "I1O0-rn",
    "llO0-rn",
    "l1o0-rn",
    "l100-rn",
    "l1O0-m",
    "L1O0-RN",
    "l1O0_rn",
    "l1O0-rn.",
)


@pytest.fixture(scope="module")
def odd(client: httpx.Client, attacked_url: str) -> Iterator[httpx.Client]:
    """A document of each text, in its title and metadata."""
    with untouched(client, attacked_url):
        client.post("/v1/collections", json={"name": "odd"}).raise_for_status()
        documents = [_document(place) for place in range(len(TEXTS))]
        stored = client.post(f"{ODD}/documents", json={"documents": documents}).raise_for_status()
        assert [item["status"] for item in stored.json()["items"]] == ["created"] * len(TEXTS)
        yield client


def _document(place: int) -> dict[str, Any]:
    text = TEXTS[place]
    return {
        "id": f"{place}",
        "title": text,
        "body": text,
        "url": text,
        "metadata": {text: text, "said": text},
    }


def _json(field: str, text: bytes) -> bytes:
    return b'{"documents": [{"id": "good"}, {"id": "bad", ' + field.encode().replace(b"TEXT", text) + b"}]}"


def test_text_comes_back_character_by_character(odd: httpx.Client) -> None:
    for place in range(len(TEXTS)):
        answer = odd.get(f"{ODD}/documents/{place}")
        holds(answer)
        assert answer.json().items() >= _document(place).items()


def test_filters_tell_apart_what_looks_alike(odd: httpx.Client) -> None:
    """In values and in the names of fields."""
    for place, text in enumerate(TEXTS):
        for clause in (f'said = "{text}"', f'title IN ["{text}"]', f"EXISTS `{text}`"):
            answer = odd.get(f"{ODD}/documents", params={"filter": clause})
            holds(answer)
            assert [found["id"] for found in answer.json()["documents"]] == [f"{place}"]


def test_facets_tell_apart_what_looks_alike(odd: httpx.Client) -> None:
    search = {"q": "*", "facets": ["said"], "facet_limit": 200}
    answer = odd.post(f"{ODD}/search", json=search)
    holds(answer)
    values = answer.json()["facets"]["said"]["values"]
    assert {value["value"] for value in values} == set(TEXTS)
    assert {value["count"] for value in values} == {1}


def test_every_text_may_be_searched_for(odd: httpx.Client) -> None:
    for text in TEXTS:
        for path, search in (("search", {"q": text, "mode": "keyword"}), ("suggest", {"q": text})):
            answer = odd.get(f"{ODD}/{path}", params=search)
            holds(answer)
            assert answer.status_code == 200


def test_names_have_no_characters_to_mistake(odd: httpx.Client) -> None:
    """Neither in bodies nor in addresses, nor as who may read."""
    odd.post("/v1/collections", json={"name": "acme"}).raise_for_status()
    for text in (text for text in TEXTS if document_id(text) != text):
        created = odd.post("/v1/collections", json={"name": text})
        asked = odd.get(f"/v1/collections/{quote(text, safe='')}")
        aliased = odd.put(f"/v1/aliases/{quote(text, safe='')}", json={"collection": "acme"})
        pointed = odd.put("/v1/aliases/fine", json={"collection": text})
        read = odd.patch(f"{ODD}/documents/0", json={"readers": [text]})
        for answer in (created, asked, aliased, pointed, read):
            holds(answer)
            # A slash makes another address of it.
            assert answer.status_code == 422 or (answer.status_code, text) == (404, "a/b")
    odd.delete("/v1/collections/acme").raise_for_status()


def test_similar_names_are_names_of_their_own(odd: httpx.Client) -> None:
    for name in SIMILAR_NAMES:
        odd.post("/v1/collections", json={"name": name}).raise_for_status()
        document = {"id": name, "title": name}
        odd.post(f"/v1/collections/{name}/documents", json={"documents": [document]}).raise_for_status()
    for name in SIMILAR_NAMES:
        answer = odd.get(f"/v1/collections/{name}/documents")
        holds(answer)
        assert [found["id"] for found in answer.json()["documents"]] == [name]
        for other in SIMILAR_NAMES:
            status = odd.get(f"/v1/collections/{name}/documents/{other}").status_code
            assert status == (200 if other == name else 404)
    for name in SIMILAR_NAMES:
        odd.delete(f"/v1/collections/{name}").raise_for_status()


def test_who_may_enter_one_collection_may_not_enter_its_look_alikes() -> None:
    for pattern in ("acme", "acme*"):
        principal = Principal("key:1", frozenset({Permission.DOCUMENTS_READ}), collections=(pattern,))
        assert principal.may_enter("acme")
        for looks_like, text in LOOK_ALIKES:
            if looks_like == "acme" and (pattern == "acme" or not text.startswith("acme")):
                assert not principal.may_enter(text)
        for other in ("Acme", "ACME", "acm", "a*", "*", "", "acm?", "ac*me"):
            assert not principal.may_enter(other)


@pytest.mark.parametrize("field", ["title", "body", "url", "metadata", "key", "nested", "readers", "id"])
def test_what_no_database_can_hold_is_refused_alone(odd: httpx.Client, field: str) -> None:
    written = {
        "metadata": '"metadata": {"a": "TEXT"}',
        "key": '"metadata": {"TEXT": 1}',
        "nested": '"metadata": {"a": [{"b": ["TEXT"]}]}',
        "readers": '"readers": ["TEXT"]',
    }.get(field, f'"{field}": "TEXT"')
    for text in UNSTORABLE:
        answer = odd.post(f"{ODD}/documents", content=_json(written, text.encode()), headers=JSON)
        holds(answer)
        good, bad = answer.json()["items"]
        assert good["status"] in {"created", "unchanged"}
        assert bad["status"] == "failed"
        assert bad["error"]["details"][0]["field"].startswith(
            field if field not in {"key", "nested"} else "metadata"
        )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{ODD}/search", '{"q": "TEXT"}'),
        (f"{ODD}/search", '{"q": "*", "filter": "TEXT"}'),
        (f"{ODD}/search", '{"q": "*", "filter": "said = \\"TEXT\\""}'),
        (f"{ODD}/search", '{"q": "*", "sort": ["TEXT"]}'),
        (f"{ODD}/search", '{"q": "*", "facets": ["TEXT"]}'),
        (f"{ODD}/search", '{"q": "*", "facets": ["said"], "facet_query": "said:TEXT"}'),
        (f"{ODD}/search", '{"q": "*", "group_by": "TEXT"}'),
        (f"{ODD}/search", '{"q": "*", "boosts": [{"field": "TEXT", "half": 1}]}'),
        ("/v1/search", '{"searches": [{"collection": "odd", "q": "TEXT"}]}'),
        ("/v1/collections", '{"name": "TEXT"}'),
        ("/v1/collections", '{"name": "bad", "language": "TEXT"}'),
        ("/v1/collections", '{"name": "bad", "embedding_template": ["metadata.TEXT"]}'),
        ("/v1/collections", '{"name": "bad", "settings": {"stop_words": ["TEXT"]}}'),
        ("/v1/collections", '{"name": "bad", "settings": {"synonyms": [["TEXT", "x"]]}}'),
        ("/v1/collections", '{"name": "bad", "settings": {"synonyms": [{"from": "TEXT", "to": ["x"]}]}}'),
        ("/v1/collections", '{"name": "bad", "settings": {"pins": [{"query": "TEXT"}]}}'),
        (f"{ODD}/documents/delete", '{"filter": "said = \\"TEXT\\""}'),
        (f"{ODD}/imports", '{"format": "file", "name": "TEXT", "content": "x"}'),
        (f"{ODD}/imports", '{"format": "csv", "id_field": "TEXT", "content": "x"}'),
        (f"{ODD}/sources", '{"kind": "feed", "url": "https://example.com/TEXT"}'),
        (
            f"{ODD}/sources",
            '{"kind": "sitemap", "url": "https://example.com", "settings": {"include": ["TEXT"]}}',
        ),
        (f"{ODD}/chunks/preview", '{"document": {"id": "a", "body": "TEXT"}}'),
    ],
)
def test_every_other_body_is_refused_whole(odd: httpx.Client, path: str, body: str) -> None:
    for text in UNSTORABLE:
        answer = odd.post(path, content=body.replace("TEXT", text).encode(), headers=JSON)
        holds(answer)
        assert answer.status_code == 422, answer.text
    for data in NOT_UTF8:
        answer = odd.post(path, content=body.encode().replace(b"TEXT", data), headers=JSON)
        holds(answer)
        assert answer.status_code in {400, 422}, answer.text


def test_addresses_with_what_is_no_text(odd: httpx.Client) -> None:
    for data in (*NOT_UTF8, b"\x00", b"a%00", b"\xf3\xa0\x80\x81"):
        text = quote(data)
        for path in (
            f"/v1/collections/{text}",
            f"{ODD}/documents/{text}",
            f"{ODD}/documents?filter={text}",
            f"{ODD}/documents?filter=said%3D%22{text}%22",
            f"{ODD}/documents?cursor={text}",
            f"{ODD}/search?q={text}",
            f"{ODD}/suggest?q={text}",
            f"/v1/usage?of={text}",
            f"/v1/audit?action={text}",
        ):
            holds(odd.get(path))
