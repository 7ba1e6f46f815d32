"""What a collection's settings and the query's grammar do to its searches."""

from typing import Any

import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions

PATH = "/v1/collections/shop"
DOCUMENTS = [
    {"id": "tv", "title": "Screens", "body": "A television for the living room."},
    {"id": "radio", "title": "Sound", "body": "A radio for the kitchen, not a tv."},
    {"id": "iphone", "title": "Calls", "body": "An iphone with a case."},
    {"id": "galaxy", "title": "Calls", "body": "A galaxy s with a cover."},
    {"id": "phone", "title": "Calls", "body": "A phone with a cord."},
    {"id": "note", "title": "Music", "body": "Blue note records, pressed again."},
    {"id": "blue", "title": "Music", "body": "Records with a note in blue ink."},
    {"id": "chair", "title": "Chair", "body": "To sit on, at a table."},
    {
        "id": "table",
        "title": "Table",
        "body": "Two metres long, for every chair you have, every chair at all.",
    },
]


@pytest.fixture
def shop(functions: Functions) -> Functions:
    functions("collections_create", http_event("POST", "/v1/collections", {"name": "shop"}))
    functions("documents_upsert", http_event("POST", f"{PATH}/documents", {"documents": DOCUMENTS}))
    return functions


def set_up(shop: Functions, **settings: Any) -> None:
    changed = shop("collections_update", http_event("PATCH", PATH, {"settings": settings}))
    assert changed["statusCode"] == 200


def find(shop: Functions, q: str, **fields: Any) -> list[str]:
    request = {"q": q, "mode": "keyword", "typos": False, **fields}
    found = shop("documents_search", http_event("POST", f"{PATH}/search", request))
    assert found["statusCode"] == 200, found
    return [hit["document"]["id"] for hit in found["body"]["hits"]]


def test_synonyms_go_both_ways_or_one(shop: Functions) -> None:
    assert find(shop, "tv") == ["radio"]
    set_up(shop, synonyms=[["tv", "television"], {"from": "phone", "to": ["iphone", "galaxy s"]}])
    assert find(shop, "tv") == ["radio", "tv"]
    assert find(shop, "television") == ["tv", "radio"]
    assert find(shop, '"television"') == ["tv"]
    assert set(find(shop, "phone")) == {"phone", "iphone", "galaxy"}
    assert find(shop, "phone")[0] == "phone"
    assert find(shop, "iphone") == ["iphone"]
    assert find(shop, "galaxy s") == ["galaxy"]
    set_up(shop, synonyms=None)
    assert find(shop, "tv") == ["radio"]


def test_synonyms_in_circles_are_harmless(shop: Functions) -> None:
    set_up(shop, synonyms=[["tv", "radio"], ["radio", "television"], ["television", "tv"]])
    assert sorted(find(shop, "tv")) == ["radio", "tv"]


def test_stop_words_are_left_out_beside_others(shop: Functions) -> None:
    assert sorted(find(shop, "records kitchen")) == ["blue", "note", "radio"]
    set_up(shop, stop_words=["records"])
    assert find(shop, "records kitchen") == ["radio"]
    assert sorted(find(shop, "records")) == ["blue", "note"]


def test_pins_come_first_and_hidden_ones_never(shop: Functions) -> None:
    pins = [
        {"query": "phone", "documents": ["chair", "gone", "iphone"]},
        {"query": "records", "match": "contains", "documents": ["radio"], "hidden": ["blue"]},
    ]
    set_up(shop, pins=pins)
    assert find(shop, "Phone!") == ["chair", "iphone", "phone"]
    assert find(shop, "phone cord") == ["phone"]
    assert find(shop, "old records") == ["radio", "note"]
    assert find(shop, "cord -records") == ["phone"]


def test_fields_count_by_their_weights(shop: Functions) -> None:
    set_up(shop, field_weights={"title": 10, "body": 0})
    assert find(shop, "chair") == ["chair"]
    set_up(shop, field_weights={"title": 0, "body": 10})
    assert find(shop, "chair") == ["table"]


@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_phrases_and_exclusions_are_conditions(shop: Functions, mode: str) -> None:
    assert find(shop, '"blue note"', mode=mode) == ["note"]
    assert find(shop, "\u201cblue note\u201d records", mode=mode) == ["note"]
    assert find(shop, "records -pressed", mode=mode)[0] == "blue"
    assert "note" not in find(shop, "records -pressed", mode=mode)
    assert "note" not in find(shop, 'records -"blue note"', mode=mode)


@pytest.mark.parametrize(
    "q",
    [
        "word " * 2_000,
        "the of and",
        "?!? ... \u2014",
        "\U0001f600 \U0001f469\u200d\U0001f680",
        "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
        "\u65e5\u672c\u8a9e\u306e\u691c\u7d22",
        '"unbalanced quotes',
        '"" -"" - -- "',
        "-only -exclusions",
        '"' * 10_000,
        "-" * 10_000,
    ],
)
@pytest.mark.parametrize("mode", ["keyword", "hybrid"])
def test_strange_queries_are_answered(shop: Functions, q: str, mode: str) -> None:
    set_up(shop, synonyms=[["word", "term", "long expression"]] * 100, stop_words=["of"])
    find(shop, q, mode=mode)


def test_too_many_conditions_are_refused(shop: Functions) -> None:
    request = {"q": "a" + " -b" * 101, "mode": "keyword"}
    refused = shop("documents_search", http_event("POST", f"{PATH}/search", request))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["details"] == [
        {"field": "q", "message": "may have 100 quoted phrases and exclusions at most"}
    ]
