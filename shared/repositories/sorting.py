"""Order, groups and boosts of hits, as expressions over `d`, a row of concord.document, and `h.score`."""

from collections.abc import Sequence

from shared.database.statements import SqlFile
from shared.domain.filters import Field
from shared.domain.sorting import (
    BoostRule,
    DistanceSort,
    FieldSort,
    SaturationBoost,
    ScoreSort,
    SortRule,
)
from shared.repositories.bound_sql import BoundSql
from shared.repositories.metadata_paths import json_path, scalar_path, source_of
from shared.repositories.points import distance_sql

SQL = SqlFile("shared.repositories.sql", "sorting")
_NUMBERS = '@.type() == "number"'
_NO_NUMBERS = '@.type() == "string" || @.type() == "boolean"'
_POSITIVE = "@ > 0"


def sort_fragment(rules: Sequence[SortRule]) -> BoundSql:
    """What follows ORDER BY, without a tie breaker; documents without a field come last either way."""
    order = BoundSql("sort")
    order.text = ", ".join(_sorted_by(rule, order) for rule in rules)
    return order


def group_fragment(field: Field) -> BoundSql:
    """A document's group as jsonb: the field's value, of an array the first; NULL where there is none."""
    group = BoundSql("group")
    found = SQL["find_group"].with_slot("source", source_of(field))
    group.text = f"({found.with_slot('path', group.bind(scalar_path(field.path))).text})"
    return group


def boost_fragment(rules: Sequence[BoostRule]) -> BoundSql:
    """The mean of all boosts by weight, from 0 to 1; a document without a rule's field has 0 of it."""
    boost = BoundSql("boost")
    parts = [f"{boost.bind(rule.weight)}::float8 * {_boosted_by(rule, boost)}" for rule in rules]
    whole = boost.bind(sum(rule.weight for rule in rules))
    boost.text = f"(({' + '.join(parts)}) / {whole}::float8)"
    return boost


def _sorted_by(rule: SortRule, order: BoundSql) -> str:
    direction = "DESC" if rule.descending else "ASC"
    match rule:
        case ScoreSort():
            return f"h.score {direction}"
        case DistanceSort():
            return f"{distance_sql(rule.field, rule.origin, order)} {direction} NULLS LAST"
        case _:
            number = _picked("find_sort_number", _NUMBERS, rule, order)
            text = _picked("find_sort_text", _NO_NUMBERS, rule, order)
            return f"{number} {direction} NULLS LAST, {text} {direction} NULLS LAST"


def _picked(block: str, kind: str, rule: FieldSort, order: BoundSql) -> str:
    found = (
        SQL[block]
        .with_slot("pick", "max" if rule.descending else "min")
        .with_slot("source", source_of(rule.field))
        .with_slot("path", order.bind(json_path(rule.field.path, kind)))
    )
    return f"({found.text})"


def _boosted_by(rule: BoostRule, boost: BoundSql) -> str:
    if isinstance(rule, SaturationBoost):
        block, kind, slot, scale = "find_saturation", _POSITIVE, "half", rule.half
    else:
        block, kind, slot, scale = "find_decay", '@.type() == "string"', "half_life", rule.half_life_days
    found = (
        SQL[block]
        .with_slot("source", source_of(rule.field))
        .with_slot("path", boost.bind(json_path(rule.field.path, kind)))
        .with_slot(slot, boost.bind(scale))
    )
    return f"({found.text})"
