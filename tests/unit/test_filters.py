"""The filter grammar: what it accepts, the tree it gives, and how it refuses."""

import json
import re
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.filters import (
    MAX_FILTER_CHARACTERS,
    Comparison,
    Conjunction,
    Disjunction,
    Existence,
    Field,
    Filter,
    GeoBox,
    GeoRadius,
    Membership,
    Negation,
    Operator,
    Point,
    Range,
    Scalar,
    TextComparison,
    TextMatch,
)
from shared.errors import InvalidFilter
from shared.querying.filter_parser import DEEPEST_NESTING, MOST_CLAUSES
from shared.querying.filters import parse_filter


def _equal(name: str, value: Scalar, column: int) -> Comparison:
    return Comparison(Field((name,), column), Operator.EQUAL, value)


def test_the_example_of_the_documentation() -> None:
    text = 'year >= 2020 AND tags IN ["a","b"] AND NOT draft = true'
    assert parse_filter(text) == Conjunction(
        (
            Comparison(Field(("year",), 1), Operator.GREATER_OR_EQUAL, 2020),
            Membership(Field(("tags",), 18), ("a", "b")),
            Negation(_equal("draft", value=True, column=44)),
        )
    )


def test_not_binds_tighter_than_and_and_tighter_than_or() -> None:
    assert parse_filter("a=1 OR NOT b=2 AND c=3") == Disjunction(
        (
            _equal("a", 1, 1),
            Conjunction((Negation(_equal("b", 2, 12)), _equal("c", 3, 20))),
        )
    )


def test_parentheses_bind_tightest() -> None:
    assert parse_filter("NOT (a=1 OR b=2) AND (c=3)") == Conjunction(
        (
            Negation(Disjunction((_equal("a", 1, 6), _equal("b", 2, 13)))),
            _equal("c", 3, 23),
        )
    )


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_with_and_without_spaces(operator: Operator) -> None:
    expected = Comparison(Field(("x",), 1), operator, -5)
    assert parse_filter(f"x{operator}-5") == expected
    assert parse_filter(f"x  {operator}\n-5") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x in [1, 'a', false]", Membership(Field(("x",), 1), (1, "a", False))),
        ("x IN []", Membership(Field(("x",), 1), ())),
        ("x Not In [1]", Negation(Membership(Field(("x",), 1), (1,)))),
        ("NOT x NOT IN [1]", Negation(Negation(Membership(Field(("x",), 5), (1,))))),
        ("exists x", Existence(Field(("x",), 8))),
        ("NOT EXISTS x.y", Negation(Existence(Field(("x", "y"), 12)))),
        ("x = TRUE", _equal("x", value=True, column=1)),
        ("x BETWEEN -1 AND 2.5", Range(Field(("x",), 1), -1, 2.5)),
        ("x between'a'and'b'", Range(Field(("x",), 1), "a", "b")),
        ("x NOT BETWEEN 1 AND 2", Negation(Range(Field(("x",), 1), 1, 2))),
        ("x BETWEEN false AND true", Range(Field(("x",), 1), low=False, high=True)),
        ("x CONTAINS 'a'", TextComparison(Field(("x",), 1), TextMatch.CONTAINS, "a")),
        ("x starts\nWITH'a'", TextComparison(Field(("x",), 1), TextMatch.STARTS_WITH, "a")),
        ("x NOT CONTAINS 'a'", Negation(TextComparison(Field(("x",), 1), TextMatch.CONTAINS, "a"))),
        ("x is  null", Negation(Existence(Field(("x",), 1)))),
        ("x IS NOT NULL", Existence(Field(("x",), 1))),
        ("GEO_RADIUS(x.y, 52.5, -13, 2e3)", GeoRadius(Field(("x", "y"), 12), Point(52.5, -13), 2000)),
        ("geo_radius (x,1,2,1e300)", GeoRadius(Field(("x",), 13), Point(1, 2), 1e8)),
        ("GEO_BOX(x, 2, 170, -2, -170)", GeoBox(Field(("x",), 9), Point(2, 170), Point(-2, -170))),
        (
            "between = 1 AND contains = 2 AND starts = 3 AND is = 4 AND geo_box = 5",
            Conjunction(
                (
                    _equal("between", 1, 1),
                    _equal("contains", 2, 17),
                    _equal("starts", 3, 34),
                    _equal("is", 4, 49),
                    _equal("geo_box", 5, 60),
                )
            ),
        ),
        ("x=1or y=2", Disjunction((_equal("x", 1, 1), _equal("y", 2, 7)))),
    ],
)
def test_clauses(text: str, expected: Filter) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("author.name", ("author", "name")),
        ("`odd name`", ("odd name",)),
        ("a.`b.c`.0", ("a", "b.c", "0")),
        (r"`tick \` and \\ slash`", ("tick ` and \\ slash",)),
        ("`and`", ("and",)),
        ("order-by_2", ("order-by_2",)),
        ("notes", ("notes",)),
        ("in-stock", ("in-stock",)),
        ("größe", ("größe",)),
    ],
)
def test_field_names(name: str, path: tuple[str, ...]) -> None:
    assert parse_filter(f"EXISTS {name}") == Existence(Field(path, 8))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"double"', "double"),
        ("'single'", "single"),
        ('"it\'s"', "it's"),
        (r"'it\'s'", "it's"),
        (r'"\"\\\n\r\t\/"', '"\\\n\r\t/'),
        (r'"\u0061\u00e9"', "aé"),
        (r'"\ud83d\ude00"', "😀"),
        ('"two\nlines"', "two\nlines"),
        ('""', ""),
        ("0", 0),
        ("-7", -7),
        ("1.5", 1.5),
        ("-2.5E-3", -0.0025),
        ("1e2", 100.0),
        ("false", False),
    ],
)
def test_values(literal: str, value: Scalar) -> None:
    tree = parse_filter(f"x = {literal}")
    assert tree == _equal("x", value, 1)
    assert isinstance(tree, Comparison)
    assert type(tree.value) is type(value)


_VALUE = "a value (text in quotes, a number, true or false)"
_CONDITION = "a field name, EXISTS, GEO_RADIUS, GEO_BOX, NOT or '('"
_AFTER_FIELD = "an operator (= != < <= > >=), IN, BETWEEN, CONTAINS, STARTS WITH, IS NULL"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the filter is empty"),
        (" \n ", 1, "the filter is empty"),
        ("x", 2, f"the filter ends where {_AFTER_FIELD} or NOT should follow"),
        ("x =  ", 4, f"the filter ends where {_VALUE} should follow"),
        ("x = draft", 5, f"expected {_VALUE}, but found draft"),
        ("x == 1", 4, f"expected {_VALUE}, but found ="),
        ("x = 1 y", 7, "expected AND, OR or the end of the filter, but found y"),
        ("x = 1)", 6, "expected AND, OR or the end of the filter, but found )"),
        ("(x = 1", 7, "the filter ends where AND, OR or ')' should follow"),
        ("x = 1 AND", 10, f"the filter ends where {_CONDITION} should follow"),
        ("x = 1\nAND AND y", 11, f"expected {_CONDITION}, but found AND"),
        ("and = 1", 1, f"expected {_CONDITION}, but found and"),
        ("x NOT 1", 7, "expected IN, BETWEEN or CONTAINS, STARTS WITH, but found 1"),
        ("x IN [1", 8, "the filter ends where a comma or ']' should follow"),
        ("x IN [", 7, f"the filter ends where {_VALUE} or ']' should follow"),
        ("x IN 1", 6, "expected '[', but found 1"),
        ("x BETWEEN 1", 12, "the filter ends where AND should follow"),
        ("x BETWEEN 1 OR 2", 13, "expected AND, but found OR"),
        ("x BETWEEN 1 AND 'b'", 1, "both ends of BETWEEN have to be of one kind"),
        ("x BETWEEN 1 AND true", 1, "both ends of BETWEEN have to be of one kind"),
        ("GEO_RADIUS(x, 1, 2)", 19, "expected a comma, but found )"),
        ("GEO_RADIUS(x, 'a', 2, 3)", 15, "expected a number, but found 'a'"),
        ("GEO_RADIUS(x, 90.1, 2, 3)", 12, "a latitude is between -90 and 90 degrees"),
        ("GEO_RADIUS(x, 1, -180.5, 3)", 12, "a longitude is between -180 and 180 degrees"),
        ("GEO_RADIUS(x, 1, 2, -3)", 12, "a distance is 0 metres or more"),
        (
            "GEO_BOX(x, 1, 2, 3, 4)",
            9,
            "GEO_BOX takes top, left, bottom, right: this top is below its bottom",
        ),
        ("EXISTS", 7, "the filter ends where a field name should follow"),
        (
            f"x = 1 {'y' * 50}",
            7,
            f"expected AND, OR or the end of the filter, but found {'y' * 30}…",
        ),
        ('x = "open', 5, "the text that starts here has no closing quote"),
        ("x = 'open\\'", 5, "the text that starts here has no closing quote"),
        ("`open = 1", 1, "the field name that starts here has no closing backquote"),
        ("`` = 1", 1, "a field name may not be empty"),
        ("x & y", 3, "'&' means nothing here"),
        ("a. = 1", 2, "'.' means nothing here"),
        ("x = \0", 5, "NUL and lone surrogates are not text"),
        ("x = '\udc80'", 6, "NUL and lone surrogates are not text"),
        (r"x = 'a\q'", 7, r"\q is not an escape"),
        (r"`a\q` = 1", 3, r"\q is not an escape"),
        (r"x = '\u00'", 6, r"\u is not an escape"),
        (r"x = '\ud800'", 6, "lone surrogates are not text"),
        (r"x = '\u0000'", 6, "NUL is not text"),
        ("x = 1e999", 5, "the number is too large"),
        (f"x = {'9' * 101}", 5, "a number may have 100 characters at most"),
        (
            "x" * (MAX_FILTER_CHARACTERS + 1),
            MAX_FILTER_CHARACTERS + 1,
            "a filter may have 10000 characters at most",
        ),
    ],
)
def test_a_problem_is_told_with_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)
    assert caught.value.details == [{"field": "filter", "column": column, "message": message}]
    assert caught.value.message == f"The filter cannot be parsed at column {column}: {message}."


def _refused_at(text: str) -> int:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)
    column: int = caught.value.details[0]["column"]
    return column


def test_nesting_is_limited() -> None:
    depth = DEEPEST_NESTING
    parse_filter("(" * depth + "x=1" + ")" * depth)
    assert _refused_at("(" * (depth + 1) + "x=1" + ")" * (depth + 1)) == depth + 1
    parse_filter("NOT " * depth + "x=1")
    assert _refused_at("NOT " * (depth + 1) + "x=1") == depth * 4 + 1
    parse_filter("NOT (" * (depth // 2) + "x=1" + ")" * (depth // 2))
    assert _refused_at("NOT (" * (depth // 2 + 1) + "x=1") == depth // 2 * 5 + 1


def test_what_is_closed_does_not_count_as_nesting() -> None:
    clauses = ["NOT (NOT x NOT IN [1])", "((x=1))", "NOT NOT EXISTS x"] * 40
    tree = parse_filter(" AND ".join(clauses))
    assert isinstance(tree, Conjunction)
    assert len(tree.operands) == len(clauses)


def test_the_number_of_clauses_is_limited() -> None:
    parse_filter(" AND ".join(["x=1"] * MOST_CLAUSES))
    assert _refused_at(" AND ".join(["x=1"] * (MOST_CLAUSES + 1))) == MOST_CLAUSES * 8 + 1


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_scalars = _text | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_fields = st.lists(
    st.from_regex(r"[^\W\d][\w-]{0,7}", fullmatch=True) | _text.filter(bool), min_size=1, max_size=3
).map(lambda path: Field(tuple(path), 0))
_points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
_trees = st.recursive(
    st.builds(Comparison, _fields, st.sampled_from(Operator), _scalars)
    | st.builds(Membership, _fields, st.lists(_scalars, max_size=3).map(tuple))
    | st.builds(Existence, _fields)
    | st.tuples(_text, _text).flatmap(lambda ends: st.builds(Range, _fields, *map(st.just, ends)))
    | st.builds(TextComparison, _fields, st.sampled_from(TextMatch), _text)
    | st.builds(GeoRadius, _fields, _points, st.floats(0, 1e7))
    | st.builds(GeoBox, _fields, _points, _points).filter(
        lambda box: box.top_left.latitude >= box.bottom_right.latitude
    ),
    lambda trees: (
        st.builds(Negation, trees)
        | st.builds(Conjunction, st.lists(trees, min_size=2, max_size=4).map(tuple))
        | st.builds(Disjunction, st.lists(trees, min_size=2, max_size=4).map(tuple))
    ),
    max_leaves=12,
)
_KEYWORDS = {"and", "or", "not", "in", "exists", "true", "false"}


def _render_part(part: str) -> str:
    if re.fullmatch(r"[^\W\d][\w-]*", part) and part.lower() not in _KEYWORDS:
        return part
    escaped = part.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _render(tree: Filter) -> str:
    match tree:
        case Comparison(field, operator, value):
            return f"{_render_field(field)} {operator} {_render_value(value)}"
        case Membership(field, values):
            return f"{_render_field(field)} IN [{', '.join(map(_render_value, values))}]"
        case Existence(field):
            return f"EXISTS {_render_field(field)}"
        case Range(field, low, high):
            return f"{_render_field(field)} BETWEEN {_render_value(low)} AND {_render_value(high)}"
        case TextComparison(field, match, text):
            return f"{_render_field(field)} {match} {_render_value(text)}"
        case GeoRadius() | GeoBox():
            return _render_place(tree)
        case Negation(operand):
            return f"NOT ({_render(operand)})"
        case Conjunction(operands):
            return " AND ".join(f"({_render(operand)})" for operand in operands)
        case Disjunction(operands):
            return " or ".join(f"({_render(operand)})" for operand in operands)


def _render_place(tree: GeoRadius | GeoBox) -> str:
    name = _render_field(tree.field)
    if isinstance(tree, GeoRadius):
        return f"GEO_RADIUS({name}, {_render_point(tree.center)}, {tree.metres})"
    return f"GEO_BOX({name}, {_render_point(tree.top_left)}, {_render_point(tree.bottom_right)})"


def _render_point(point: Point) -> str:
    return f"{point.latitude}, {point.longitude}"


def _render_field(field: Field) -> str:
    return ".".join(map(_render_part, field.path))


def _render_value(value: Scalar) -> str:
    # JSON escapes some control characters in ways that the grammar does not know.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\\b", "\\u0008").replace("\\f", "\\u000c")


def _without_columns(tree: Filter) -> Filter:
    match tree:
        case Negation(operand):
            return Negation(_without_columns(operand))
        case Conjunction(operands):
            return Conjunction(tuple(map(_without_columns, operands)))
        case Disjunction(operands):
            return Disjunction(tuple(map(_without_columns, operands)))
        case _:
            return replace(tree, field=Field(tree.field.path, 0))


@settings(deadline=None)
@given(_trees)
def test_a_tree_survives_being_written_and_parsed(tree: Filter) -> None:
    assert repr(_without_columns(parse_filter(_render(tree)))) == repr(tree)


_soup = st.lists(
    st.sampled_from(
        [
            *"()[],=<>!.-\"'`\\ \n",
            "AND",
            "or",
            "NOT",
            "in",
            "EXISTS",
            "true",
            "x",
            "`y`",
            "1",
            "'z'",
        ]
    ),
    max_size=60,
).map(" ".join)


@settings(max_examples=500, deadline=None)
@given(
    st.text(max_size=200)
    | _soup
    | _trees.map(_render).flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end]))
)
def test_any_text_parses_or_is_refused_with_a_column_inside_it(text: str) -> None:
    try:
        parse_filter(text)
    except InvalidFilter as error:
        [detail] = error.details
        assert 1 <= detail["column"] <= len(text) + 1
        assert not re.search(r"\b_[A-Z]|\$END|Token", detail["message"].partition("found")[0])


def test_three_clauses_parse_within_a_millisecond() -> None:
    text = 'year >= 2020 AND tags IN ["a","b"] AND NOT draft = true'
    parse_filter(text)
    started = time.process_time()
    for _ in range(100):
        parse_filter(text)
    assert (time.process_time() - started) / 100 < 0.001


@pytest.mark.parametrize("part", ["(", "NOT ", "x=", "'", "`", "[", "1", "\\", "x", " ", "x.", "x IN ["])
def test_the_longest_nonsense_is_refused_quickly(part: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidFilter):
        parse_filter((part * MAX_FILTER_CHARACTERS)[:MAX_FILTER_CHARACTERS])
    assert time.process_time() - started < 0.5
