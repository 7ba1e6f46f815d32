"""What each kind of filter lets through, document by document."""

from collections.abc import Iterator
from operator import eq, ge, gt, le, lt
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.filters import (
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Field,
    Filter,
    Membership,
    Negation,
    Operator,
    Range,
    Scalar,
    TextComparison,
    TextMatch,
)
from shared.querying.filters import parse_filter
from shared.repositories.filters import filter_sql
from tests.builders.searched_rows import SearchedRows


@pytest.fixture
def rows(database_url: str) -> Iterator[SearchedRows]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        # Nothing may depend on where the server stands.
        connection.execute("SET timezone = 'Pacific/Auckland'")
        yield SearchedRows(connection)


def found(rows: SearchedRows, filters: dict[str, str]) -> dict[str, str]:
    return {text: rows.that(filter_sql(parse_filter(text))) for text in filters}


def test_ranges(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"year": 2019, "name": "Ann"},
            "b": {"year": 2024.5, "name": "Bob"},
            "c": {"year": [2010, 2030], "name": ["Zoe", "Bea"]},
            "d": {"year": "2020"},
            "e": {},
        }
    )
    expected = {
        "year BETWEEN 2019 AND 2024": "a",
        "year between 2019 and 2024.5": "ab",
        "year NOT BETWEEN 2019 AND 2024": "bcde",
        "year BETWEEN 2024 AND 2019": "",
        "year >= 2019 AND year <= 2024": "ac",
        "year BETWEEN 2019 AND 2024 OR name BETWEEN 'B' AND 'C'": "abc",
        "year BETWEEN '2' AND '3'": "d",
    }
    assert found(rows, expected) == expected


def test_texts(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"code": "AB-100%", "tags": ["red wine", "beer"]},
            "b": {"code": "ab.100", "tags": "wine"},
            "c": {"code": 100, "tags": []},
            "d": {"code": 'quo"te\\ é😀'},
        }
    )
    expected = {
        'code CONTAINS "100"': "ab",
        'code contains "B-1"': "a",
        'code CONTAINS ".1"': "b",
        'code CONTAINS "0%"': "a",
        'code CONTAINS ""': "abd",
        'code CONTAINS "o\\"te\\\\ é😀"': "d",
        'code STARTS WITH "AB"': "a",
        'code starts  with "ab."': "b",
        'code STARTS WITH "B"': "",
        'code NOT STARTS WITH "AB"': "bcd",
        'tags CONTAINS "wine"': "ab",
        'tags STARTS WITH "wine"': "b",
        'NOT tags CONTAINS "beer"': "bcd",
        'tags NOT CONTAINS "beer"': "bcd",
    }
    assert found(rows, expected) == expected


def test_dates_are_compared_as_instants(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"at": "2024-05-01"},
            "b": {"at": "2024-05-01T01:00:00+02:00"},
            "c": {"at": "2024-05-01T10:00:00.5Z"},
            "d": {"at": ["2020-01-01", "2024-04-30T23:00-05"]},
            "e": {"at": "2024-02-31"},
            "f": {"at": "spring 2024"},
            "g": {"at": 2024},
            "h": {},
        }
    )
    expected = {
        'at >= "2024-05-01"': "acdf",
        'at < "2024-05-01"': "bde",
        'at > "2024-05-01T10:00:00Z"': "cf",
        'at > "2024-05-01 12:00:00.4+0200"': "cf",
        'at >= "2024-05-01T10:00:00.5"': "cf",
        'at BETWEEN "2024-04-30" AND "2024-05-01"': "ab",
        'at NOT BETWEEN "2024-04-30" AND "2024-05-01"': "cdefgh",
        # Not a day: letters.
        'at > "2024-02-30"': "abcdef",
        'at BETWEEN "2024-05" AND "2024-05-01T01"': "a",
        'at = "2024-05-01"': "a",
        'at = "2024-05-01T00:00:00Z"': "",
    }
    assert found(rows, expected) == expected


def test_objects_in_arrays(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"authors": [{"name": "Ann", "born": 1980}, {"name": "Bob"}]},
            "b": {"authors": {"name": "Bob", "born": None}},
            "c": {"authors": [{"name": ["Cleo", "Ann"]}, "Bob"]},
            "d": {"authors": []},
        }
    )
    expected = {
        'authors.name = "Ann"': "ac",
        'authors.name != "Ann"': "bd",
        'authors.name IN ["Bob", "Cleo"]': "abc",
        "authors.born < 1990": "a",
        "EXISTS authors.born": "a",
        "authors.born IS NULL": "bcd",
        "authors.born IS NOT NULL": "a",
        "EXISTS authors": "abcd",
        'authors = "Bob"': "c",
    }
    assert found(rows, expected) == expected


def test_fields_of_documents_that_metadata_may_hide(rows: SearchedRows) -> None:
    rows.put(
        {"a": {}, "b": {"title": "hidden"}, "c": {"title": None}},
        title={"a": "Alpha", "b": "Beta", "c": "Gamma"},
        created_at=dict.fromkeys("abc", "2024-05-01T10:00:00+02:00"),
    )
    expected = {
        'id IN ["a", "c"]': "ac",
        'title = "Alpha"': "a",
        'title STARTS WITH "Beta"': "",
        'title = "hidden"': "b",
        "title IS NULL": "c",
        "url IS NULL": "abc",
        'created_at >= "2024-05-01T08:00:00Z"': "abc",
        'created_at > "2024-05-01T08:00:00Z"': "",
        'updated_at > "2024-05-01"': "abc",
    }
    assert found(rows, expected) == expected


def test_places(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"at": {"lat": 52.52, "lng": 13.405}},
            "b": {"at": {"lat": 48.8566, "lon": 2.3522}},
            "c": {"at": [{"lat": 0, "lng": 179.9}, {"lat": 52.5, "lng": 13.4}]},
            "d": {"at": {"lat": -10, "lng": -179.5}},
            "e": {"at": {"lat": 90, "lng": 0}},
            "f": {"at": {"lat": 91, "lng": 13.4}},
            "g": {"at": {"lat": "52.52", "lng": 13.405}},
            "h": {"at": {"lat": 52.52}},
            "i": {"at": [52.52, 13.405]},
            "j": {"at": {"lat": 1e-320, "lng": -1e-320}},
            "k": {},
        }
    )
    expected = {
        "GEO_RADIUS(at, 52.52, 13.405, 0)": "a",
        "GEO_RADIUS(at, 52.52, 13.405, 2000)": "a",
        "GEO_RADIUS(at, 52.52, 13.405, 3000)": "ac",
        # Berlin to Paris are 877.5 km.
        "GEO_RADIUS(at, 52.52, 13.405, 877000)": "ac",
        "GEO_RADIUS(at, 52.52, 13.405, 878000)": "abc",
        "NOT GEO_RADIUS(at, 52.52, 13.405, 3000)": "bdefghijk",
        # Over the date line, over the pole, around the earth.
        "geo_radius (at, 0, -179.9, 22300)": "c",
        "GEO_RADIUS(at, 89.9, 180, 11200)": "e",
        "GEO_RADIUS(at, 0, 0, 99999999)": "abcdej",
        "GEO_BOX(at, 53, 13, 52, 14)": "ac",
        "GEO_BOX(at, 53, 13, 52.51, 14)": "a",
        "GEO_BOX(at, 52.52, 13.405, 52.52, 13.405)": "a",
        "GEO_BOX(at, 1, 179, -11, -179)": "cd",
        "GEO_BOX(at, 90, -180, -90, 180)": "abcdej",
        "GEO_BOX(at, 90, 170, -90, 180)": "c",
        "NOT GEO_BOX(at, 90, -180, -90, 180)": "fghik",
    }
    assert found(rows, expected) == expected


def test_a_list_of_thousands(rows: SearchedRows) -> None:
    rows.put({"a": {"n": 4800}, "b": {"n": 5001}})
    values = ",".join(str(number) for number in range(100, 2000))
    assert rows.that(filter_sql(parse_filter(f"n IN [{values}]"))) == ""
    assert rows.that(filter_sql(Membership(Field(("n",), 1), tuple(range(5000))))) == "a"


NAMES = ["x", "y", "z.x", "odd \"name'"]
scalars = (
    st.sampled_from(["", "a", "b", "ab", "é", "😀", 'q"\\', "10"])
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from([0.5, -0.5, 1e20, 1e-7])
)
stored = st.none() | scalars | st.lists(st.none() | scalars, max_size=3)
objects = st.dictionaries(st.sampled_from(["x", NAMES[3]]), stored, max_size=2)
documents = st.fixed_dictionaries(
    {}, optional={"x": stored, "y": stored, "z": stored | objects | st.lists(objects, max_size=2)}
)
fields = st.sampled_from([("x",), ("y",), ("z",), ("z", "x"), ("z", NAMES[3])]).map(lambda p: Field(p, 1))
leaves = (
    st.builds(Comparison, fields, st.sampled_from(Operator), scalars)
    | st.builds(Membership, fields, st.lists(scalars, max_size=4).map(tuple))
    | st.builds(Range, fields, scalars, scalars)
    | st.builds(TextComparison, fields, st.sampled_from(TextMatch), st.sampled_from(["", "a", "é", '"\\']))
    | st.builds(Existence, fields)
)
trees = st.recursive(
    leaves,
    lambda parts: (
        st.builds(Negation, parts)
        | st.builds(Conjunction, st.lists(parts, min_size=2, max_size=3).map(tuple))
        | st.builds(Disjunction, st.lists(parts, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


def values_at(value: Any, path: tuple[str, ...]) -> list[Any]:
    """What stands at the path, looking into the elements of arrays on the way."""
    if not path:
        return [value]
    parts = value if isinstance(value, list) else [value]
    return [
        found
        for part in parts
        if isinstance(part, dict) and path[0] in part
        for found in values_at(part[path[0]], path[1:])
    ]


def kind(value: Any) -> str:
    return "number" if type(value) in {int, float} else type(value).__name__


def compares(value: Any, operator: Operator, other: Scalar) -> bool:
    if kind(value) != kind(other):
        return False
    relation = {
        Operator.EQUAL: eq,
        Operator.LESS: lt,
        Operator.LESS_OR_EQUAL: le,
        Operator.GREATER: gt,
        Operator.GREATER_OR_EQUAL: ge,
    }[operator]
    return bool(relation(value, other))


def holds(tree: Filter, document: dict[str, Any]) -> bool:
    """The oracle: the same in Python."""
    match tree:
        case Conjunction(parts):
            return all(holds(part, document) for part in parts)
        case Disjunction(parts):
            return any(holds(part, document) for part in parts)
        case Negation(part):
            return not holds(part, document)
        case Existence(field):
            return any(value is not None for value in values_at(document, field.path))
        case Comparison(field, Operator.NOT_EQUAL, value):
            return not holds(Comparison(field, Operator.EQUAL, value), document)
    whole = values_at(document, tree.field.path)
    values = [part for value in whole for part in (value if isinstance(value, list) else [value])]
    match tree:
        case Comparison(_, operator, wanted):
            return any(compares(value, operator, wanted) for value in values)
        case Membership(_, wanted_values):
            return any(compares(value, Operator.EQUAL, one) for value in values for one in wanted_values)
        case Range(_, low, high):
            return any(
                compares(value, Operator.GREATER_OR_EQUAL, low)
                and compares(value, Operator.LESS_OR_EQUAL, high)
                for value in values
            )
        case TextComparison(_, match, text):
            texts = [value for value in values if isinstance(value, str)]
            return any(text in one if match is TextMatch.CONTAINS else one.startswith(text) for one in texts)
    raise AssertionError(tree)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents, min_size=1, max_size=6), trees)
def test_filters_are_what_python_says(rows: SearchedRows, stored: list[dict[str, Any]], tree: Filter) -> None:
    named = dict(zip("abcdef", stored, strict=False))
    rows.put(named)
    expected = "".join(name for name, document in named.items() if holds(tree, document))
    assert rows.that(filter_sql(tree)) == expected
