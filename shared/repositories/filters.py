"""A filter tree as a condition on `d`, a row of concord.document; names and values are bound parameters."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeGuard

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.deletions import Gone
from shared.domain.filters import (
    Clause,
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
    Range,
    Scalar,
    TextComparison,
    TextMatch,
)
from shared.repositories.bound_sql import BoundSql
from shared.repositories.metadata_paths import METADATA, json_path, source_of
from shared.repositories.points import distance_sql, point_path

SQL = SqlFile("shared.repositories.sql", "filters")
_NOT_NULL = '@ != "null"'
_TEXT = '@.type() == "string"'
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)

type _Bound = tuple[str, Scalar]


def filter_sql(tree: Filter | None) -> BoundSql:
    """The condition for a tree, never NULL; `true` for none."""
    condition = BoundSql("filter", "true")
    if tree is not None:
        condition.text = _sql(tree, condition)
    return condition


def shown_sql(gone: Gone) -> BoundSql:
    """The condition that a document is not gone, never NULL; `true` when nothing is."""
    condition = BoundSql("gone", "true")
    parts = [
        f"NOT (d.updated_at <= {condition.bind(deletion.deleted_at)}::timestamptz"
        f" AND {_sql(deletion.tree, condition)})"
        for deletion in gone.deletions
    ]
    if gone.expired:
        parts.append("coalesce(d.expires_at > now(), true)")
    if parts:
        condition.text = f"({' AND '.join(parts)})"
    return condition


async def show_passing(unit: UnitOfWork, collection: str, tree: Filter) -> None:
    """Let the rest of the unit see of that collection what passes, and nothing of others.

    Row-level security goes by it, as do word statistics and suggestions.
    """
    condition = filter_sql(tree)
    having = having_path(tree)
    statement = SQL["show_passing"]
    if having is not None and all(_asks_for_values(part) for part in _demands(tree)):
        statement = statement.with_slot("having", SQL["piece_passing_at_once"].text)
    else:
        statement = statement.with_slot("filter", condition.text)
        if having is not None:
            statement = statement.with_slot("having", SQL["piece_passing_having"].text)
    # What passes is chosen from all that the caller's readers let it see.
    await unit.send(SQL["forget_shown"])
    await unit.send(statement, collection=collection, having=having, **condition.parameters)


def _sql(tree: Filter, condition: BoundSql) -> str:
    match tree:
        case Conjunction() | Disjunction():
            word = " AND " if isinstance(tree, Conjunction) else " OR "
            return f"({word.join(_sql(part, condition) for part in tree.operands)})"
        case Negation():
            return f"(NOT {_sql(tree.operand, condition)})"
        case _:
            return _clause(tree, condition)


def _clause(clause: Clause, condition: BoundSql) -> str:
    match clause:
        case Comparison(operator=Operator.NOT_EQUAL):
            equal = Comparison(clause.field, Operator.EQUAL, clause.value)
            return f"(NOT {_clause(equal, condition)})"
        case Comparison(operator=Operator.EQUAL):
            return _holds(clause.field, _within([("==", clause.value)]), condition)
        case Comparison():
            return _between(clause.field, [(clause.operator.value, clause.value)], condition)
        case Range():
            return _between(clause.field, [(">=", clause.low), ("<=", clause.high)], condition)
        case Membership():
            return _holds(clause.field, _one_of(clause.values), condition) if clause.values else "false"
        case TextComparison():
            return _holds(clause.field, _says(clause), condition)
        case Existence():
            return _exists(clause.field, condition)
        case GeoRadius():
            distance = distance_sql(clause.field, clause.center, condition)
            return f"coalesce({distance} <= {condition.bind(clause.metres)}::float8, false)"
        case _:
            return _in_box(clause, condition)


def _holds(field: Field, what: str, condition: BoundSql) -> str:
    """A condition of JSON paths on the field, in a form that an index of the whole metadata can answer."""
    return f"({source_of(field)} @? {condition.bind(json_path(field.path, what))}::jsonpath)"


def having_path(tree: Filter) -> str | None:
    """A JSON path that finds something in the metadata of all that the tree selects, and maybe of others.

    It asks for values alone, as an index can; None where the tree does not say of one that it must be there.
    """
    parts = [(part.field, _equals(part)) for part in _demands(tree) if _asks_for_values(part)]
    if len(parts) < 2:  # noqa: PLR2004 - one path needs no other around it.
        return next((json_path(field.path, what) for field, what in parts), None)
    found = (f"exists(@{json_path(field.path, what)[1:]})" for field, what in parts)
    return f"$ ? ({' && '.join(found)})"


def _demands(tree: Filter) -> Sequence[Filter]:
    return tree.operands if isinstance(tree, Conjunction) else [tree]


def _asks_for_values(part: Filter) -> TypeGuard[Comparison | Membership]:
    if not isinstance(part, Comparison | Membership):
        return False
    is_equality = bool(part.values) if isinstance(part, Membership) else part.operator is Operator.EQUAL
    return is_equality and source_of(part.field) == METADATA


def _equals(part: Comparison | Membership) -> str:
    return _one_of(part.values if isinstance(part, Membership) else [part.value])


def _exists(field: Field, condition: BoundSql) -> str:
    # The type of an array is that of a value that is there, whatever is in it.
    path = condition.bind(f"{json_path(field.path)}.type() ? ({_NOT_NULL})")
    return f"({source_of(field)} @? {path}::jsonpath)"


def _within(bounds: Sequence[_Bound]) -> str:
    """Values of another type than a bound are in no relation to it. Texts are compared by code points."""
    return " && ".join(f"@ {operator} {_literal(value)}" for operator, value in bounds)


def _one_of(values: Sequence[Scalar]) -> str:
    # Halves of halves, as Postgres reads a long chain by recursion.
    if len(values) == 1:
        return _within([("==", values[0])])
    middle = len(values) // 2
    return f"({_one_of(values[:middle])} || {_one_of(values[middle:])})"


def _says(tree: TextComparison) -> str:
    if tree.match is TextMatch.STARTS_WITH:
        return f"@ starts with {_literal(tree.text)}"
    return f'@ like_regex {_literal(tree.text)} flag "q"'


def _literal(value: Scalar) -> str:
    return json.dumps(value, ensure_ascii=False)


def _between(field: Field, bounds: Sequence[_Bound], condition: BoundSql) -> str:
    moments = [_moment(value) for _, value in bounds]
    if None in moments:
        return _holds(field, _within(bounds), condition)
    in_time, by_letters = [], []
    for (operator, value), moment in zip(bounds, moments, strict=True):
        in_time.append(f"m.moment::timestamptz {operator} {condition.bind(moment)}::timestamptz")
        by_letters.append(f't.text COLLATE "C" {operator} {condition.bind(value)}::text')
    found = (
        SQL["find_instant"]
        .with_slot("source", source_of(field))
        .with_slot("path", condition.bind(json_path(field.path, _TEXT)))
        .with_slot("in_time", " AND ".join(in_time))
        .with_slot("by_letters", " AND ".join(by_letters))
    )
    return f"EXISTS ({found.text})"


def _moment(value: Scalar) -> datetime | None:
    """The instant of an ISO 8601 date or time, of UTC without an offset; None for every other value."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _in_box(tree: GeoBox, condition: BoundSql) -> str:
    west, east = tree.top_left.longitude, tree.bottom_right.longitude
    found = (
        SQL["find_point_within"]
        .with_slot("source", source_of(tree.field))
        .with_slot("path", condition.bind(point_path(tree.field.path)))
        .with_slot("top", condition.bind(tree.top_left.latitude))
        .with_slot("bottom", condition.bind(tree.bottom_right.latitude))
        .with_slot("left", condition.bind(west))
        .with_slot("width", condition.bind(east - west if east >= west else east - west + 360))
    )
    return f"EXISTS ({found.text})"
