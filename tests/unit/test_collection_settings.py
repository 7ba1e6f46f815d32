"""A collection's settings: how they change, what is stored of them, and which pins apply."""

import time
from typing import Any

import pytest

from shared.domain.collection_settings import (
    MAX_PIN_DOCUMENTS,
    CollectionSettings,
    CollectionSettingsChange,
    matching_pins,
)
from shared.errors import InvalidRequest

WHOLE: dict[str, Any] = {
    "synonyms": [["tv", "television"], {"from": "phone", "to": ["iphone"]}],
    "stop_words": ["the"],
    "pins": [{"query": "tv", "match": "contains", "documents": ["a"], "hidden": ["b"]}],
    "field_weights": {"title": 4.0, "body": 0.5},
}


def change(settings: CollectionSettings, **named: Any) -> CollectionSettings:
    return CollectionSettingsChange.model_validate(named).applied_to(settings)


def test_settings_read_what_they_store() -> None:
    settings = CollectionSettings.model_validate(WHOLE)
    assert settings.model_dump(mode="json") == WHOLE
    assert settings.stored() == WHOLE
    assert CollectionSettings.model_validate(settings.stored()) == settings


def test_defaults_are_not_stored() -> None:
    assert CollectionSettings().stored() == {}
    settings = CollectionSettings.model_validate(
        {
            "pins": [{"query": "q", "match": "exact", "documents": ["a"], "hidden": []}],
            "field_weights": {"title": 2, "body": 1},
        }
    )
    assert settings.stored() == {
        "pins": [{"query": "q", "documents": ["a"]}],
        "field_weights": {"title": 2.0},
    }


def test_settings_of_a_later_release_are_passed_over() -> None:
    assert CollectionSettings.model_validate({"decay": 1, "stop_words": ["a"]}).stored() == {
        "stop_words": ["a"]
    }


def test_a_change_replaces_what_it_names() -> None:
    settings = CollectionSettings.model_validate(WHOLE)
    assert change(settings) == settings
    changed = change(settings, synonyms=[["a", "b"]], stop_words=[], field_weights={"title": 2})
    assert changed.stored() == {
        "synonyms": [["a", "b"]],
        "pins": WHOLE["pins"],
        "field_weights": {"title": 2.0},
    }


def test_a_null_resets() -> None:
    settings = CollectionSettings.model_validate(WHOLE)
    assert change(settings, synonyms=None, pins=None).stored() == {
        "stop_words": ["the"],
        "field_weights": WHOLE["field_weights"],
    }
    assert change(settings, stop_words=None, field_weights=None, synonyms=None, pins=None).stored() == {}


def test_a_change_is_seen_by_what_was_worked_out_before() -> None:
    settings = CollectionSettings.model_validate(WHOLE)
    assert settings.stop_word_set == {("the",)}
    assert change(settings, stop_words=["An"]).stop_word_set == {("an",)}


def test_all_settings_together_are_bounded() -> None:
    long = "\U00010348" * 100
    settings = CollectionSettings.model_validate({"synonyms": [[long, long]] * 240})
    assert len(settings.stored()["synonyms"]) == 240
    with pytest.raises(InvalidRequest) as refused:
        change(settings, stop_words=[long] * 30).stored()
    assert refused.value.details == [
        {"field": "settings", "message": "may have 200000 bytes at most, all together"}
    ]


PINS = CollectionSettings.model_validate(
    {
        "pins": [
            {"query": "return policy", "documents": ["returns", "refunds"]},
            {"query": "Return", "match": "contains", "documents": ["refunds", "forms"], "hidden": ["old"]},
            {"query": "tax return", "match": "contains", "documents": ["taxes"], "hidden": ["returns"]},
        ]
    }
)


@pytest.mark.parametrize(
    ("text", "pinned", "hidden"),
    [
        ("return policy", ["returns", "refunds", "forms"], ["old"]),
        ("Return  Policy?", ["returns", "refunds", "forms"], ["old"]),
        ('"return policy"', ["returns", "refunds", "forms"], ["old"]),
        ("the return policy", ["refunds", "forms"], ["old"]),
        ("policy return", ["refunds", "forms"], ["old"]),
        ("my tax return", ["refunds", "forms", "taxes"], ["old", "returns"]),
        ("tax on return", ["refunds", "forms"], ["old"]),
        ("return of a tax return", ["refunds", "forms", "taxes"], ["old", "returns"]),
        ("returns", [], []),
        ("policy", [], []),
        ("", [], []),
    ],
)
def test_which_pins_apply(text: str, pinned: list[str], hidden: list[str]) -> None:
    assert matching_pins(PINS, text) == (pinned, hidden)


def test_what_is_hidden_is_not_pinned() -> None:
    settings = CollectionSettings.model_validate(
        {
            "pins": [
                {"query": "a", "documents": ["x", "y"]},
                {"query": "a", "match": "contains", "hidden": ["x"]},
            ]
        }
    )
    assert matching_pins(settings, "a") == (["y"], ["x"])


def test_pinned_documents_are_bounded_and_hidden_ones_are_not() -> None:
    pins = [
        {"query": "a", "documents": [f"{place}-{number}" for number in range(30)], "hidden": [f"h{place}"]}
        for place in range(100)
    ]
    pinned, hidden = matching_pins(CollectionSettings.model_validate({"pins": pins}), "a")
    assert len(pinned) == MAX_PIN_DOCUMENTS
    assert (pinned[0], pinned[-1]) == ("0-0", "1-19")
    assert len(hidden) == 100


def test_many_pins_and_a_long_query_take_little_time() -> None:
    pins = [
        {"query": " ".join("a" * (1 + place % 90)), "match": "contains", "documents": [f"d{place}"]}
        for place in range(1_000)
    ]
    settings = CollectionSettings.model_validate({"pins": pins})
    started = time.perf_counter()
    pinned, _ = matching_pins(settings, "a " * 5_000)
    assert time.perf_counter() - started < 5
    assert pinned == [f"d{place}" for place in range(50)]
