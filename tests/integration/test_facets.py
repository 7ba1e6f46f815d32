"""Facets: values and their counts, among the documents that match."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from shared.errors import InvalidRequest
from shared.querying.facet_rules import parse_facets
from shared.repositories.facets import facets_fragment
from tests.builders.searched_rows import SearchedRows


@pytest.fixture
def rows(database_url: str) -> Iterator[SearchedRows]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield SearchedRows(connection)


def count(
    rows: SearchedRows, *names: str, limit: int = 20, query: str | None = None, among: str = "true"
) -> Any:
    return rows.counted(facets_fragment(parse_facets(names, limit=limit, query=query)), among)


def values(facet: dict[str, Any]) -> list[tuple[Any, int]]:
    return [(value["value"], value["count"]) for value in facet["values"]]


def test_values_by_count_and_then_by_value(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"kind": "Z", "n": 10},
            "b": {"kind": "a", "n": 9},
            "c": {"kind": "b", "n": 9.0},
            "d": {"kind": "b", "n": "9"},
            "e": {"kind": True, "n": None},
            "f": {"kind": {"no": "value"}},
        }
    )
    counted = count(rows, "kind", "n")
    assert list(counted) == ["kind", "n"]
    assert counted["kind"] == {
        "values": [
            {"value": "b", "count": 2},
            {"value": "Z", "count": 1},
            {"value": "a", "count": 1},
            {"value": True, "count": 1},
        ],
        "distinct": 4,
        "stats": None,
    }
    assert values(counted["n"]) == [(9, 2), (10, 1), ("9", 1)]
    assert counted["n"]["stats"] == {
        "min": 9,
        "max": 10,
        "avg": pytest.approx(28 / 3),
        "sum": 28,
        "count": 3,
    }


def test_a_document_counts_once_for_each_value_of_an_array(rows: SearchedRows) -> None:
    rows.put(
        {"a": {"t": ["x", "x", "y", None, ["z"]]}, "b": {"t": ["y", "x"]}, "c": {"t": "y"}, "d": {"t": []}}
    )
    assert values(count(rows, "t")["t"]) == [("y", 3), ("x", 2)]


def test_fields_in_objects_and_in_arrays_of_them(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"by": {"name": "Ann", "0": "zero"}},
            "b": {"by": [{"name": "Ann"}, {"name": ["Bob", "Ann"]}]},
            "c": {"by": "Ann"},
            "d": {"b y": {"`.": 1}},
        }
    )
    counted = count(rows, "by.name", "by.0", "by", r"`b y`.`\`.`", "absent")
    assert values(counted["by.name"]) == [("Ann", 2), ("Bob", 1)]
    assert values(counted["by.0"]) == [("zero", 1)]
    assert values(counted["by"]) == [("Ann", 1)]
    assert values(counted[r"`b y`.`\`.`"]) == [(1, 1)]
    assert counted["absent"] == {"values": [], "distinct": 0, "stats": None}


def test_only_what_matches_counts_and_only_so_many_values_are_shown(rows: SearchedRows) -> None:
    rows.put({name: {"v": place % 3, "w": place} for place, name in enumerate("abcdefg")})
    counted = count(rows, "v", "w", limit=2, among="d.id <> 'a'")
    assert values(counted["v"]) == [(0, 2), (1, 2)]
    assert counted["v"]["distinct"] == 3
    assert counted["w"]["distinct"] == counted["w"]["stats"]["count"] == 6
    assert count(rows, "v", among="false")["v"]["values"] == []


def test_values_can_be_searched(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"city": "New York", "n": 1},
            "b": {"city": "YORK"},
            "c": {"city": "Bern"},
            "d": {"city": "100%"},
        }
    )
    counted = count(rows, "city", "n", query="city:york")
    assert values(counted["city"]) == [("New York", 1), ("YORK", 1)]
    assert counted["city"]["distinct"] == 2
    assert values(counted["n"]) == [(1, 1)]
    assert values(count(rows, "city", query="city:%")["city"]) == [("100%", 1)]
    assert len(count(rows, "city", query="city:")["city"]["values"]) == 4


def test_a_field_is_counted_once() -> None:
    assert [rule.name for rule in parse_facets(["a", "b", "a"], limit=1, query=None).rules] == ["a", "b"]


def test_the_longest_field_is_searched() -> None:
    rules = parse_facets(["a", "`a:b`", "c"], limit=1, query="`a:b`:c:d").rules
    assert [rule.text for rule in rules] == [None, "c:d", None]


@pytest.mark.parametrize(
    ("names", "query", "field"),
    [
        (["a b"], None, "facets"),
        (["a..b"], None, "facets"),
        (["``"], None, "facets"),
        (["a"], "b:x", "facet_query"),
        (["a"], "a", "facet_query"),
        ([], "a:x", "facet_query"),
    ],
)
def test_what_cannot_be_counted_is_named(names: list[str], query: str | None, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_facets(names, limit=1, query=query)
    assert [detail["field"] for detail in caught.value.details] == [field]
