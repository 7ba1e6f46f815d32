"""SQL in every text that a caller gives is text: refused as that, or stored and found as that."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from shared.domain.document_ids import document_id
from shared.http.paging import encode_cursor
from tests.fuzz.corpora import INJECTIONS
from tests.fuzz.untouched import holds, untouched

ATTACKED = "/v1/collections/attacked"
SEARCHES_AT_ONCE = 20
LISTS = [
    "/v1/collections",
    "/v1/aliases",
    "/v1/usage",
    "/v1/audit",
    f"{ATTACKED}/documents",
    f"{ATTACKED}/imports",
    f"{ATTACKED}/sources",
]


@pytest.fixture(scope="module")
def attacked(client: httpx.Client, attacked_url: str) -> Iterator[httpx.Client]:
    """Its documents have a payload in every text; each id is readable and of its payload alone."""
    with untouched(client, attacked_url):
        client.post("/v1/collections", json={"name": "attacked"}).raise_for_status()
        documents = [_document(payload) for payload in INJECTIONS]
        stored = client.post(f"{ATTACKED}/documents", json={"documents": documents}).raise_for_status()
        assert [item["status"] for item in stored.json()["items"]] == ["created"] * len(INJECTIONS)
        yield client


def _document(payload: str) -> dict[str, Any]:
    return {
        "id": document_id(payload),
        "title": payload,
        "body": f"{payload} of the attacker",
        "url": payload,
        "metadata": {"said": payload, "all": [payload], payload: payload},
    }


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _field(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def test_what_is_stored_is_what_was_sent(attacked: httpx.Client) -> None:
    for payload in INJECTIONS:
        sent = _document(payload)
        answer = attacked.get(f"{ATTACKED}/documents/{quote(sent['id'])}")
        holds(answer)
        assert answer.json().items() >= sent.items()


def test_a_value_of_a_filter_is_compared_as_text(attacked: httpx.Client) -> None:
    for payload in INJECTIONS:
        value = _quoted(payload)
        for clause in (
            f"said = {value}",
            f"all IN [{value}]",
            f"title = {value}",
            f"{_field(payload)} = {value}",
        ):
            answer = attacked.get(f"{ATTACKED}/documents", params={"filter": clause})
            holds(answer)
            assert [found["id"] for found in answer.json()["documents"]] == [document_id(payload)]


def test_a_filter_is_read_by_its_own_grammar(attacked: httpx.Client) -> None:
    for payload in INJECTIONS:
        for clause in (payload, f"said = {payload}", f"said CONTAINS {payload}", f"{payload} = 1"):
            listed = attacked.get(f"{ATTACKED}/documents", params={"filter": clause})
            holds(listed)
            assert listed.status_code in {200, 422}
            deleted = attacked.post(f"{ATTACKED}/documents/delete", json={"filter": clause, "dry_run": True})
            holds(deleted)
            assert deleted.status_code == listed.status_code


def _searches(payload: str) -> list[dict[str, Any]]:
    value = _quoted(payload)
    return [
        {"q": payload},
        {"q": payload, "prefix": True, "typos": True},
        {"q": f'"{payload}" -{payload} {payload}*'},
        {"filter": payload},
        {"filter": f"said STARTS WITH {value} OR {_field(payload)} != {value}"},
        {"sort": [payload]},
        {"sort": [f"{payload}:desc"]},
        {"sort": [f"{_field(payload)}:asc"]},
        {"facets": [payload]},
        {"facets": ["said"], "facet_query": payload},
        {"facets": ["said"], "facet_query": f"said:{payload}"},
        {"group_by": payload},
        {"group_by": _field(payload)},
        {"boosts": [{"field": payload, "half": 1}]},
        {"boosts": [{"field": payload, "half_life_days": 1}]},
    ]


def test_searches_take_no_part_of_them_as_sql(attacked: httpx.Client) -> None:
    searches = [
        {"collection": "attacked", "mode": "keyword", "q": "*", **search}
        for payload in INJECTIONS
        for search in _searches(payload)
    ]
    answered = 0
    for start in range(0, len(searches), SEARCHES_AT_ONCE):
        asked = searches[start : start + SEARCHES_AT_ONCE]
        answer = attacked.post("/v1/search", json={"searches": asked})
        holds(answer)
        items = answer.json()["items"]
        assert len(items) == len(asked)
        for search, item in zip(asked, items, strict=True):
            if item["error"] is None:
                answered += 1
            else:
                assert item["error"]["type"] == "invalid_request", (search, item)
    assert answered > len(searches) / 3


def test_single_searches_in_every_mode(attacked: httpx.Client) -> None:
    for place, payload in enumerate(INJECTIONS):
        mode = ("hybrid", "keyword", "semantic")[place % 3]
        answer = attacked.post(f"{ATTACKED}/search", json={"q": payload, "mode": mode, "explain": True})
        holds(answer)
        assert answer.status_code == 200
        for field in ("include_fields", "mode", "fusion", "space", "consistency", "limit", "alpha"):
            refused = attacked.get(f"{ATTACKED}/search", params={field: payload})
            holds(refused)
            assert refused.status_code == 422


def test_suggestions_are_of_the_text(attacked: httpx.Client) -> None:
    for payload in INJECTIONS:
        answer = attacked.get(f"{ATTACKED}/suggest", params={"q": payload})
        holds(answer)
        assert answer.status_code == 200


def test_cursors_are_places_not_sql(attacked: httpx.Client) -> None:
    for path in LISTS:
        for payload in INJECTIONS:
            answer = attacked.get(path, params={"cursor": encode_cursor(payload), "limit": 2})
            holds(answer)
            assert answer.status_code in {200, 422}


def test_names_in_addresses(attacked: httpx.Client) -> None:
    """Whatever the method: there is nothing by that name, or it is none."""
    for payload in INJECTIONS:
        name = quote(payload, safe="")
        for method, path in (
            ("GET", f"/v1/collections/{name}"),
            ("DELETE", f"/v1/collections/{name}"),
            ("GET", f"/v1/collections/{name}/documents"),
            ("GET", f"{ATTACKED}/documents/{name}{name}"),
            ("DELETE", f"{ATTACKED}/documents/{name}{name}"),
            ("GET", f"{ATTACKED}/documents/{name}{name}/similar"),
            ("GET", f"{ATTACKED}/documents/{name}/original"),
            ("GET", f"{ATTACKED}/imports/{name}"),
            ("POST", f"{ATTACKED}/imports/{name}/cancel"),
            ("GET", f"{ATTACKED}/exports/{name}"),
            ("GET", f"{ATTACKED}/sources/{name}"),
            ("DELETE", f"/v1/aliases/{name}"),
        ):
            answer = attacked.request(method, path)
            holds(answer)
            assert answer.status_code in {404, 405, 422}, (method, path, answer.text)


def test_names_and_settings_of_collections(attacked: httpx.Client) -> None:
    for place, payload in enumerate(INJECTIONS):
        synonyms = [[payload, "attacker"], {"from": payload, "to": ["attacker"]}]
        for name, new in (
            (payload, {}),
            (f"n{place}", {"language": payload}),
            (f"t{place}", {"embedding_template": ["text", f"metadata.{payload}"]}),
            (f"s{place}", {"settings": {"stop_words": [payload]}}),
            (f"y{place}", {"settings": {"synonyms": synonyms}}),
            (f"p{place}", {"settings": {"pins": [{"query": payload, "documents": ["a"]}]}}),
        ):
            answer = attacked.post("/v1/collections", json={"name": name, **new})
            holds(answer)
            assert answer.status_code in {201, 422}
            if answer.status_code == 201:
                assert answer.json()["name"] == name
                attacked.delete(f"/v1/collections/{quote(name, safe='')}").raise_for_status()
        for alias in (quote(payload, safe=""), f"alias{place}"):
            holds(attacked.put(f"/v1/aliases/{alias}", json={"collection": payload}))
    assert attacked.get("/v1/aliases").json()["aliases"] == []


def test_ids_and_readers_of_documents(attacked: httpx.Client) -> None:
    """In one batch: those that are none fail, each alone."""
    plain = [place for place, payload in enumerate(INJECTIONS) if document_id(payload) == payload]
    assert plain
    documents: dict[str, list[dict[str, Any]]] = {
        "named": [{"id": payload} for payload in INJECTIONS],
        "read": [{"id": f"{place}", "readers": [payload]} for place, payload in enumerate(INJECTIONS)],
    }
    for name, batch in documents.items():
        attacked.post("/v1/collections", json={"name": name}).raise_for_status()
        answer = attacked.post(f"/v1/collections/{name}/documents", json={"documents": batch})
        holds(answer)
        items = answer.json()["items"]
        assert [item["index"] for item in items if item["status"] == "created"] == plain
        attacked.delete(f"/v1/collections/{name}").raise_for_status()


@pytest.mark.parametrize("field", ["expires_at", "page_starts", "vector", "metadata"])
def test_what_is_no_text_is_not_taken_as_one(attacked: httpx.Client, field: str) -> None:
    documents = [{"id": f"{place}", field: payload} for place, payload in enumerate(INJECTIONS)]
    answer = attacked.post(f"{ATTACKED}/documents", json={"documents": documents})
    holds(answer)
    assert answer.status_code == 422
    assert {detail["index"] for detail in answer.json()["error"]["details"]} == set(range(len(INJECTIONS)))


def test_imports_and_sources(attacked: httpx.Client) -> None:
    attacked.post("/v1/collections", json={"name": "imported"}).raise_for_status()
    address = "/v1/collections/imported"
    for place, payload in enumerate(INJECTIONS):
        for path, new in (
            ("imports", {"format": "ndjson", "content": payload, "id_field": payload, "name": payload}),
            ("imports", {"format": "csv", "content": f"id,{payload}\n1,{payload}\n", "name": payload}),
            ("imports", {"format": payload, "content": "x"}),
            ("sources", {"id": payload, "kind": "feed", "url": "https://example.com/"}),
            ("sources", {"id": f"u{place}", "kind": "feed", "url": payload}),
            (
                "sources",
                {
                    "id": f"p{place}",
                    "kind": "sitemap",
                    "url": f"https://example.com/{quote(payload, safe='')}",
                    "settings": {"include": [payload], "exclude": [payload]},
                },
            ),
        ):
            answer = attacked.post(f"{address}/{path}", json=new)
            holds(answer)
            assert answer.status_code in {201, 422}, (new, answer.text)
    assert len(attacked.get(f"{address}/imports").json()["imports"]) > len(INJECTIONS)
    attacked.delete(address).raise_for_status()


def test_headers_and_principals(attacked: httpx.Client) -> None:
    for payload in filter(str.isascii, INJECTIONS):
        header = payload.replace("\n", " ")
        for name in ("idempotency-key", "x-request-id", "if-match", "if-none-match", "cache-control"):
            answer = attacked.patch(
                f"{ATTACKED}/documents/nothing", json={"title": "x"}, headers={name: header}
            )
            holds(answer)
            assert 400 <= answer.status_code < 500
        holds(attacked.get("/v1/usage", params={"of": payload}))
        for name in ("principal", "action", "collection", "since", "until"):
            holds(attacked.get("/v1/audit", params={name: payload}))


def test_keys_are_compared_as_text(attacked: httpx.Client) -> None:
    """After some failed attempts the next has to wait."""
    for payload in filter(str.isascii, INJECTIONS):
        header = f"Bearer {payload.replace('\n', ' ')}"
        refused = attacked.get("/v1/collections", headers={"authorization": header})
        assert refused.status_code in {401, 429}
        assert refused.json()["error"]["code"] in {"unauthenticated", "rate_limited"}
