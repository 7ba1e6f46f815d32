"""Settings of collections: set at the start, changed one by one, shown, refused."""

from typing import Any

import psycopg
import pytest

from tests.builders.events import error_answer, http_event
from tests.builders.functions import Functions
from tests.builders.redis import RedisServer

PATH = "/v1/collections/guides"
DEFAULTS: dict[str, Any] = {
    "synonyms": [],
    "stop_words": [],
    "pins": [],
    "field_weights": {"title": 3.0, "body": 1.0},
}
SYNONYMS = [["tv", "television"], {"from": "phone", "to": ["iphone", "galaxy s"]}]
PIN = {"query": "return policy", "match": "contains", "documents": ["guide:returns"], "hidden": ["old"]}


def create(functions: Functions, **fields: Any) -> dict[str, Any]:
    return functions(
        "collections_create", http_event("POST", "/v1/collections", {"name": "guides", **fields})
    )


def change(functions: Functions, **settings: Any) -> dict[str, Any]:
    return functions("collections_update", http_event("PATCH", PATH, {"settings": settings}))


def shown(functions: Functions, path: str = PATH) -> dict[str, Any]:
    settings: dict[str, Any] = functions("collections_get", http_event("GET", path))["body"]["settings"]
    return settings


def test_a_collection_starts_with_settings(functions: Functions) -> None:
    created = create(functions, settings={"synonyms": SYNONYMS, "stop_words": None})
    assert created["statusCode"] == 201
    assert created["body"]["settings"] == shown(functions) == {**DEFAULTS, "synonyms": SYNONYMS}


def test_settings_are_replaced_one_by_one_and_reset_by_null(functions: Functions) -> None:
    create(functions)
    assert shown(functions) == DEFAULTS
    whole = {
        "synonyms": SYNONYMS,
        "stop_words": ["please"],
        "pins": [PIN],
        "field_weights": {"title": 2.5, "body": 0.0},
    }
    changed = change(functions, **whole)
    assert changed["statusCode"] == 200
    assert changed["body"]["settings"] == shown(functions) == whole
    change(functions, stop_words=["the"], pins=None)
    assert shown(functions) == {**whole, "stop_words": ["the"], "pins": []}
    change(functions)
    change(functions, synonyms=[], field_weights={"title": 4})
    assert shown(functions) == {
        **DEFAULTS,
        "stop_words": ["the"],
        "field_weights": {"title": 4.0, "body": 1.0},
    }


def test_defaults_of_a_pin_are_shown(functions: Functions) -> None:
    create(functions, settings={"pins": [{"query": "q", "documents": ["a"]}]})
    assert shown(functions)["pins"] == [{"query": "q", "match": "exact", "documents": ["a"], "hidden": []}]


def test_synonyms_may_go_in_circles(functions: Functions) -> None:
    circle = [["a", "b"], ["b", "a"], ["a", "a"], {"from": "a", "to": ["a"]}, {"from": "b", "to": ["a", "b"]}]
    create(functions, settings={"synonyms": circle})
    assert shown(functions)["synonyms"] == circle


def test_a_rename_keeps_settings_and_may_change_them(functions: Functions) -> None:
    create(functions, settings={"stop_words": ["the"]})
    functions("collections_update", http_event("PATCH", PATH, {"name": "manuals"}))
    assert shown(functions, "/v1/collections/manuals")["stop_words"] == ["the"]
    both = {"name": "guides", "settings": {"synonyms": SYNONYMS}}
    renamed = functions("collections_update", http_event("PATCH", "/v1/collections/manuals", both))
    assert (renamed["statusCode"], renamed["body"]["name"]) == (200, "guides")
    assert shown(functions) == {**DEFAULTS, "stop_words": ["the"], "synonyms": SYNONYMS}


def test_a_collection_of_a_deleted_ones_name_has_none_of_its_settings(functions: Functions) -> None:
    create(functions, settings={"stop_words": ["the"]})
    functions("collections_delete", http_event("DELETE", PATH))
    assert change(functions, stop_words=["a"])["statusCode"] == 404
    create(functions)
    assert shown(functions) == DEFAULTS


def test_settings_go_with_their_collection(functions: Functions, database_url: str) -> None:
    create(functions, settings={"stop_words": ["the"]})
    functions("collections_delete", http_event("DELETE", PATH))
    functions.process("indexes_maintain", {"schedule": "now"})
    with psycopg.connect(database_url) as connection:
        for table in ("collection", "collection_settings"):
            assert connection.execute(f"SELECT count(*) FROM concord.{table}").fetchone() == (0,)


def test_every_change_has_a_time_of_its_own(functions: Functions, database_url: str) -> None:
    create(functions)
    times = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        # As on a machine whose clock was put back.
        connection.execute("UPDATE concord.collection SET updated_at = now() + interval '1 hour'")
        for number in range(3):
            change(functions, stop_words=[f"word{number}"])
            functions("collections_update", http_event("PATCH", PATH, {"name": "guides"}))
            found = connection.execute("SELECT updated_at FROM concord.collection").fetchone()
            assert found is not None
            times.append(found[0])
    assert times == sorted(set(times))


def test_a_list_of_collections_has_no_settings(functions: Functions) -> None:
    create(functions, settings={"stop_words": ["the"]})
    listed = functions("collections_list", http_event("GET", "/v1/collections"))["body"]["collections"]
    assert [collection["name"] for collection in listed] == ["guides"]
    assert "settings" not in listed[0]


def test_a_change_is_seen_at_once_by_cached_answers(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RedisServer() as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        create(functions)
        read = http_event("GET", PATH)
        answers = [functions("collections_get", read) for _ in range(2)]
        assert [answer["headers"]["x-cache"] for answer in answers] == ["miss", "hit"]
        change(functions, stop_words=["the"])
        changed = functions("collections_get", read)
        assert changed["headers"]["x-cache"] == "miss"
        assert changed["body"]["settings"]["stop_words"] == ["the"]


def refusal(field: str, message: str) -> dict[str, Any]:
    problem = [{"field": field, "message": message}]
    form = "The request does not have the expected form."
    return error_answer(422, "invalid_request", form, "invalid_request", problem)


NO_WORD = "must contain a word"
LONG = "x" * 101


@pytest.mark.parametrize(
    ("settings", "field", "message"),
    [
        ({"synonyms": "a"}, "synonyms", "Input should be a valid list"),
        ({"synonyms": [["a"]]}, "synonyms.0.two_way", None),
        ({"synonyms": [["a", "b"], 7]}, "synonyms.1.two_way", "Input should be a valid list"),
        ({"synonyms": [["a", ""]]}, "synonyms.0.two_way.1", NO_WORD),
        ({"synonyms": [["a", "?!"]]}, "synonyms.0.two_way.1", NO_WORD),
        ({"synonyms": [["a", LONG]]}, "synonyms.0.two_way.1", None),
        ({"synonyms": [["a", "b\x00"]]}, "synonyms.0.two_way.1", "must not contain the character U+0000"),
        ({"synonyms": [["a"] * 101]}, "synonyms.0.two_way", None),
        ({"synonyms": [{"from": "a"}]}, "synonyms.0.one_way.to", "Field required"),
        ({"synonyms": [{"from": "a", "to": []}]}, "synonyms.0.one_way.to", None),
        ({"synonyms": [{"from": " ", "to": ["b"]}]}, "synonyms.0.one_way.from", NO_WORD),
        ({"synonyms": [{"from": "a", "to": ["b"], "x": 1}]}, "synonyms.0.one_way.x", None),
        ({"synonyms": [["a", "b"]] * 2_001}, "synonyms", None),
        ({"stop_words": [""]}, "stop_words.0", NO_WORD),
        ({"stop_words": ["of the"]}, "stop_words.0", "must be one word"),
        ({"stop_words": ["a"] * 1_001}, "stop_words", None),
        ({"pins": [{"query": "", "documents": ["a"]}]}, "pins.0.query", NO_WORD),
        ({"pins": [{"query": "q\x00", "documents": ["a"]}]}, "pins.0.query", None),
        ({"pins": [{"query": "x" * 201, "documents": ["a"]}]}, "pins.0.query", None),
        ({"pins": [{"query": "q", "match": "regex", "documents": ["a"]}]}, "pins.0.match", None),
        ({"pins": [{"query": "q", "documents": ["a b"]}]}, "pins.0.documents.0", None),
        ({"pins": [{"query": "q", "documents": ["a"] * 51}]}, "pins.0.documents", None),
        ({"pins": [{"query": "q"}]}, "pins.0", "name at least one document in documents or hidden"),
        ({"pins": [{"query": "q", "documents": ["a"]}] * 1_001}, "pins", None),
        ({"field_weights": {"title": 0, "body": 0}}, "field_weights", "title and body cannot both be 0"),
        ({"field_weights": {"title": -1}}, "field_weights.title", None),
        ({"field_weights": {"body": 10.5}}, "field_weights.body", None),
        ({"field_weights": {"body": "much"}}, "field_weights.body", None),
        ({"field_weights": {"url": 1}}, "field_weights.url", "Extra inputs are not permitted"),
        ({"colour": "red"}, "colour", "Extra inputs are not permitted"),
    ],
)
def test_what_no_setting_can_be(
    functions: Functions, settings: dict[str, Any], field: str, message: str | None
) -> None:
    create(functions)
    refused = change(functions, **settings)
    given = refused["body"]["error"]["details"][0]["message"]
    assert refused == refusal(f"settings.{field}", given if message is None else message)
    assert shown(functions) == DEFAULTS
    event = http_event("POST", "/v1/collections", {"name": "other", "settings": settings})
    assert functions("collections_create", event) == refused


@pytest.mark.parametrize("body", ['{"settings": {"stop_words": ["\\ud800"]}}', '{"settings": "x"}'])
def test_what_is_no_settings_at_all(functions: Functions, body: str) -> None:
    create(functions)
    refused = functions("collections_update", http_event("PATCH", PATH, body))
    assert refused["statusCode"] == 422
    assert refused["body"]["error"]["details"][0]["field"].startswith("settings")


def test_a_weight_that_is_no_number(functions: Functions) -> None:
    create(functions)
    body = '{"settings": {"field_weights": {"title": NaN}}}'
    refused = functions("collections_update", http_event("PATCH", PATH, body))
    assert refused["statusCode"] in {400, 422}
    assert shown(functions) == DEFAULTS


def test_problems_of_a_long_list_are_not_all_told(functions: Functions) -> None:
    create(functions)
    refused = change(functions, stop_words=[""] * 900, synonyms=[["", ""]] * 900)
    fields = [detail["field"] for detail in refused["body"]["error"]["details"]]
    assert fields == ["settings.synonyms.0.two_way.0", "settings.stop_words.0"]


def test_all_settings_together_are_bounded(functions: Functions) -> None:
    create(functions)
    long = [f"{number:04}" + "\u00e9" * 96 for number in range(990)]
    assert change(functions, stop_words=long)["statusCode"] == 200
    refused = change(functions, synonyms=[["a", "\u00e9" * 100]] * 40)
    assert refused == refusal("settings", "may have 200000 bytes at most, all together")
    assert shown(functions) == {**DEFAULTS, "stop_words": long}
    body = {"name": "other", "settings": {"synonyms": [["a", "\u00e9" * 100]] * 1_500}}
    assert functions("collections_create", http_event("POST", "/v1/collections", body)) == refused
    assert functions("collections_get", http_event("GET", "/v1/collections/other"))["statusCode"] == 404
