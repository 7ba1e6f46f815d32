"""What a collection's stop words and synonyms make of a query."""

import time
from typing import Any

import pytest

from shared.domain.collection_settings import MAX_ALTERNATIVES, CollectionSettings
from shared.domain.query_words import WordPlan
from shared.querying.query_text import parse_query
from shared.querying.word_plan import MAX_CLAUSES, MAX_EXPANDABLE, SYNONYM_WEIGHT, plan_words

SETTINGS = CollectionSettings.model_validate(
    {
        "synonyms": [
            ["TV", "television"],
            ["New York", "NYC", "the Big Apple"],
            ["york", "jorvik"],
            {"from": "phone", "to": ["iphone", "Galaxy S"]},
            {"from": "new york pizza", "to": ["margherita"]},
        ],
        "stop_words": ["the", "Please", "\uff21"],
    }
)


def plan(text: str, **settings: Any) -> WordPlan:
    chosen = CollectionSettings.model_validate(settings) if settings else SETTINGS
    return plan_words(parse_query(text), chosen)


def told(planned: WordPlan) -> str:
    """`typed words=synonym=synonym` for each group; a word that may be replaced ends in ~."""
    groups: dict[int, dict[int, list[str]]] = {}
    columns = zip(planned.groups, planned.alternatives, planned.texts, planned.expandable, strict=True)
    for group, alternative, text, expandable in columns:
        words = groups.setdefault(group, {}).setdefault(alternative, [])
        words.append(text + "~" * expandable)
    assert list(groups) == list(range(len(groups)))
    assert all(list(alternatives) == list(range(len(alternatives))) for alternatives in groups.values())
    return " | ".join(
        "=".join(" ".join(words) for words in alternatives.values()) for alternatives in groups.values()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red shoes", "red~ | shoes~"),
        # Two ways, one way.
        ("tv", "tv=television"),
        ("a Television!", "Television!=TV"),
        ("phone", "phone=iphone=Galaxy S"),
        ("iphone galaxy s", "iphone~ | galaxy~ | s~"),
        # Of several words, the longest first.
        ("cheap new york hotel", "cheap~ | new york=NYC=Big Apple | hotel~"),
        ("nyc", "nyc=New York=Big Apple"),
        ("York", "York=jorvik"),
        ("new york pizza", "new york pizza=margherita"),
        ("new jersey", "new~ | jersey~"),
        ("new york york", "new york=NYC=Big Apple | york=jorvik"),
        ("NEW, york.", "NEW, york.=NYC=Big Apple"),
        ("new - york", "new york=NYC=Big Apple"),
        # Never in quotes, nor across them or what is excluded.
        ('"new york" tv', "new | york | tv=television"),
        ('new "york" pizza', "new~ | york | pizza~"),
        ("new -mexico york", "new~ | york=jorvik"),
        ("tv -phone", "tv=television"),
        ("-tv", ""),
        # Stop words.
        ("the red shoes, please", "red~ | shoes,~"),
        ("a shoe", "shoe~"),
        ("the please", "the~ | please~"),
        ("the", "the~"),
        ("the -red", "the~"),
        ('"the red" please', "the | red"),
        ("the big apple", "the big apple=New York=NYC"),
        ("", ""),
    ],
)
def test_what_is_looked_up(text: str, expected: str) -> None:
    assert told(plan(text)) == expected


def test_what_a_statement_is_given() -> None:
    assert plan('tv "blue note" -new "blue note" -"hard bop" -new red sho') == WordPlan(
        groups=[0, 0, 1, 2, 3, 4, 5, 6],
        alternatives=[0, 1, 0, 0, 0, 0, 0, 0],
        weights=[1, SYNONYM_WEIGHT, 1, 1, 1, 1, 1, 1],
        texts=["tv", "television", "blue", "note", "blue", "note", "red", "sho"],
        expandable=[False, False, False, False, False, False, True, True],
        prefix_group=6,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red sho", 1),
        ("red new york", 1),
        ("tv", 0),
        ("red the", None),
        ("the", 0),
        ("red shoes ", None),
        ('red "shoes"', None),
        ("red -sho", None),
        ("", None),
    ],
)
def test_the_group_that_is_still_being_typed(text: str, expected: int | None) -> None:
    assert plan(text).prefix_group == expected


def test_synonyms_go_one_step_in_circles_too() -> None:
    circle = [["a", "b"], ["b", "c"], ["c", "a"], {"from": "a", "to": ["a", "d"]}, {"from": "d", "to": ["a"]}]
    assert told(plan("a d", synonyms=circle)) == "a=b=c=d | d=a"


def test_repeated_synonyms_count_once() -> None:
    assert told(plan("a", synonyms=[["a", "A", "b", "B"], ["b", "a"], ["a", "(b)"]])) == "a=B"


def test_synonyms_of_stop_words_alone_keep_them() -> None:
    chosen = {"synonyms": [["band", "the who", "the the"]], "stop_words": ["the"]}
    assert told(plan("band", **chosen)) == "band=who=the the"
    assert told(plan("the who", **chosen)) == "the who=band=the the"


def test_alternatives_of_a_group_are_bounded() -> None:
    sets = [["x", *(f"a{number}" for number in range(place, place + 15))] for place in (0, 15)]
    planned = plan("x", synonyms=sets)
    assert planned.texts == ["x", *(f"a{number}" for number in range(MAX_ALTERNATIVES))]


def test_synonyms_beyond_the_bound_are_left_out_and_words_are_not() -> None:
    chosen = {"synonyms": [{"from": "x", "to": ["a b c", "d"]}]}
    roomy = plan("x " * 200, **chosen)
    assert (roomy.texts.count("x"), roomy.texts.count("a"), roomy.texts.count("d")) == (200, 200, 200)
    narrow = plan("x " * 1_000, **chosen)
    assert len(narrow.texts) == MAX_CLAUSES
    assert (narrow.texts.count("x"), narrow.texts.count("a"), narrow.texts.count("d")) == (1_000, 6, 6)
    assert told(plan("x " * 1_022, **chosen)).startswith("x=d | x=d | x | x")
    full = plan("x " * 5_000, **chosen)
    assert full.texts == ["x"] * 5_000


def test_the_first_words_of_a_long_query_and_its_last_may_be_replaced() -> None:
    words = " ".join(f"w{number}" for number in range(100))
    expected = [*[True] * MAX_EXPANDABLE, *[False] * (99 - MAX_EXPANDABLE), True]
    assert plan(words).expandable == expected
    assert plan(f"{words} ").expandable == [*expected[:-1], False]


@pytest.mark.parametrize(
    "synonyms",
    [
        [["a", "b"]] * 2_000,
        [["a"] * 99 + ["b"]] * 400,
        [[f"{first}{second}" for first in "abcdefghij" for second in "abcdefghij"]] * 400,
        [[" ".join("a" * length) + " b", "x"] for length in range(1, 49)] * 40,
    ],
)
def test_large_settings_and_long_queries_do_not_multiply(synonyms: list[list[str]]) -> None:
    settings = CollectionSettings.model_validate({"synonyms": synonyms})
    parsed = parse_query("a aa ab " * 1_250)
    started = time.process_time()
    assert len(plan_words(parsed, settings).texts) >= 3_750
    # It is a second of work; each word against each synonym would take minutes.
    assert time.process_time() - started < 30
