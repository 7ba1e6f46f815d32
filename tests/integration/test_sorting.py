"""Orders, groups and boosts of hits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from shared.domain.filters import Field
from shared.domain.sorting import DecayBoost, SaturationBoost
from shared.errors import InvalidRequest, UnknownField
from shared.querying.facet_rules import parse_facets
from shared.querying.field_names import parse_field
from shared.querying.filters import parse_filter
from shared.querying.sort_rules import parse_sort
from shared.repositories.sorting import boost_fragment, group_fragment, sort_fragment
from shared.services.known_fields import refuse_unknown_fields
from tests.builders.searched_rows import SearchedRows


@pytest.fixture
def rows(database_url: str) -> Iterator[SearchedRows]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield SearchedRows(connection)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        # Numbers, then text, then nothing; ties go to the greater number.
        (["n"], "bdacfe"),
        (["n:desc"], "dabcfe"),
        (["tag:asc"], "acbfed"),
        (["tag:DESC"], "bacfed"),
        (["even", "n:desc"], "cedabf"),
        (["_score:desc"], "abcdef"),
        (["_score"], "fedcba"),
        (["even:desc", "_score:desc"], "abdfce"),
        (["id:desc"], "fedcba"),
        (["by.name"], "cafedb"),
        (["at:desc"], "bafedc"),
    ],
)
def test_orders(rows: SearchedRows, sort: list[str], order: str) -> None:
    rows.put(
        {
            "a": {"n": 10, "tag": ["x", "a"], "even": True, "by": {"name": "B"}, "at": "2024-05-01"},
            "b": {"n": 9, "tag": "y", "even": True, "at": "2024-05-02T01:00"},
            "c": {"n": "1", "tag": "b", "even": False, "by": [{"name": "C"}, {"name": "A"}]},
            "d": {"n": [9.5, 100], "even": True},
            "e": {"n": None, "even": False},
            "f": {"even": True},
        }
    )
    assert rows.ordered(sort_fragment(parse_sort(sort))) == order


def test_nearest_first_and_what_has_no_place_last(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"at": {"lat": 48.8566, "lng": 2.3522}},
            "b": {"at": {"lat": 52.52, "lng": 13.405}},
            "c": {},
            "d": {"at": [{"lat": -80, "lng": 0}, {"lat": 52.5, "lng": 13.4}]},
        }
    )
    assert rows.ordered(sort_fragment(parse_sort(["_geo(at, 52.51, 13.404):asc"]))) == "bdac"
    assert rows.ordered(sort_fragment(parse_sort(["_geo(at,52.51,13.404):desc"]))) == "adbc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "is not a field's name"),
        ("", "is not a field's name"),
        ("year:up", "is not a field's name"),
        ("_geo(at)", "is not of the form"),
        ("_geo(at,1,2", "is not of the form"),
        ("_geo(at,91,2)", "a latitude is between"),
        ("_geo(at,1,181):desc", "a longitude is between"),
        ("_geo(a b,1,2)", "is not a field's name"),
    ],
)
def test_what_cannot_be_sorted_by_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_sort([text])
    [detail] = caught.value.details
    assert detail["field"] == "sort"
    assert message in detail["message"]


def test_groups(rows: SearchedRows) -> None:
    rows.put(
        {
            "a": {"g": "x", "o": {"g": 1}},
            "b": {"g": [None, "y", "x"], "o": [{"h": 2}, {"g": True}]},
            "c": {"g": []},
            "d": {"g": None},
            "e": {"g": {"x": 1}},
            "f": {},
        }
    )
    first = rows.value(group_fragment(parse_field("g", "group_by")))
    assert first == {"a": "x", "b": "y", "c": None, "d": None, "e": None, "f": None}
    assert rows.value(group_fragment(parse_field("o.g", "group_by"))) == {
        "a": 1,
        "b": True,
        **dict.fromkeys("cdef"),
    }
    assert rows.value(group_fragment(parse_field("id", "group_by"))) == {name: name for name in "abcdef"}


def test_boosts_of_numbers_beyond_all_measure(rows: SearchedRows) -> None:
    rows.put({"a": {"n": 5e-324, "at": "0001-01-01"}, "b": {"n": 1e308, "at": "9999-12-31"}})
    n, at = Field(("n",), 1), Field(("at",), 1)
    for half in (5e-324, 1, 1e15):
        boosted = rows.value(boost_fragment([SaturationBoost(n, 0.001, half)]))
        assert boosted == pytest.approx({"a": 0.5 if half < 1 else 0, "b": 1}, abs=0.01)
    for half_life_days in (5e-324, 1e-300):
        boosted = rows.value(boost_fragment([DecayBoost(at, 0.001, half_life_days)]))
        assert boosted == pytest.approx({"a": 0, "b": 1}, abs=1e-9)


def test_boosts(rows: SearchedRows) -> None:
    now = datetime.now(UTC)
    rows.put(
        {
            "a": {"hits": 100, "at": (now - timedelta(days=30)).isoformat()},
            "b": {"hits": 300, "at": (now + timedelta(days=9)).isoformat()},
            "c": {"hits": [-5, 0], "at": "1000-01-01"},
            "d": {"hits": "100", "at": "2024-02-31"},
            "e": {},
        }
    )
    popular = SaturationBoost(Field(("hits",), 1), weight=3, half=100)
    recent = DecayBoost(Field(("at",), 1), weight=1, half_life_days=30)
    assert rows.value(boost_fragment([popular])) == {"a": 0.5, "b": 0.75, "c": 0, "d": 0, "e": 0}
    decayed = rows.value(boost_fragment([recent]))
    assert decayed == pytest.approx({"a": 0.5, "b": 1, "c": 0, "d": 0, "e": 0}, abs=1e-4)
    both = rows.value(boost_fragment([popular, recent]))
    assert both == pytest.approx({"a": 0.5, "b": 3.25 / 4, "c": 0, "d": 0, "e": 0}, abs=1e-4)


def test_unknown_fields_are_named_where_they_stand() -> None:
    with pytest.raises(UnknownField) as caught:
        refuse_unknown_fields(
            parse_filter('title = "x" AND yaer > 1'),
            ["year"],
            facets=parse_facets(["year", "title"], limit=1, query=None),
            sort=parse_sort(["_score", "yaer", "created_at", "_geo(at,1,2)"]),
            group_by=parse_field("kind.of", "group_by"),
            boosts=[SaturationBoost(Field(("hits",), 1), weight=1, half=1)],
        )
    assert [(detail["field"], detail.get("column")) for detail in caught.value.details] == [
        ("filter", 17),
        ("facets", None),
        ("sort", None),
        ("sort", None),
        ("group_by", None),
        ("boosts", None),
    ]
    assert caught.value.details[4]["message"] == "no document has the metadata field kind.of; there are: year"


def test_known_fields_pass() -> None:
    refuse_unknown_fields(None, [], sort=parse_sort(["title", "_score"]))
    with pytest.raises(UnknownField, match="field") as caught:
        refuse_unknown_fields(parse_filter("x = 1"), [])
    assert "none yet" in caught.value.details[0]["message"]
