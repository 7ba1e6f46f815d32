"""A filter tree as a condition on `d.metadata`. Every name and value is a bound parameter."""

import json
from dataclasses import dataclass, field
from typing import Any

from shared.domain.filters import (
    Comparison,
    Conjunction,
    Existence,
    Field,
    Filter,
    Membership,
    Negation,
    Operator,
    Scalar,
)


@dataclass(slots=True)
class FilterCondition:
    """SQL over the alias `d` of concord.document, and its parameters."""

    text: str = "true"
    parameters: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: object) -> str:
        name = f"filter_{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"


def filter_sql(tree: Filter | None) -> FilterCondition:
    """The condition for a tree; `true` for none."""
    condition = FilterCondition()
    if tree is not None:
        condition.text = _sql(tree, condition)
    return condition


def _sql(tree: Filter, condition: FilterCondition) -> str:
    match tree:
        case Comparison(operator=Operator.EQUAL):
            return _equals(tree.field, tree.value, condition)
        case Comparison(operator=Operator.NOT_EQUAL):
            return f"NOT {_equals(tree.field, tree.value, condition)}"
        case Comparison():
            return _ordered(tree, condition)
        case Membership():
            path = condition.bind(list(tree.field.path))
            wanted = condition.bind([json.dumps(value) for value in tree.values])
            return f"coalesce((d.metadata #> {path}::text[]) @> ANY({wanted}::jsonb[]), false)"
        case Existence():
            path = condition.bind(list(tree.field.path))
            return f"coalesce(d.metadata #> {path}::text[] <> 'null', false)"
        case Negation():
            return f"(NOT {_sql(tree.operand, condition)})"
        case Conjunction():
            return f"({' AND '.join(_sql(part, condition) for part in tree.operands)})"
        case _:
            return f"({' OR '.join(_sql(part, condition) for part in tree.operands)})"


def _equals(name: Field, value: Scalar, condition: FilterCondition) -> str:
    """Equal to the value, or an array with an element equal to it; without the field it is neither."""
    path, wanted = condition.bind(list(name.path)), condition.bind(json.dumps(value))
    return f"coalesce((d.metadata #> {path}::text[]) @> {wanted}::jsonb, false)"


def _ordered(tree: Comparison, condition: FilterCondition) -> str:
    """Greater or less among values of the value's own type: JSON orders types among each other otherwise."""
    path, wanted = condition.bind(list(tree.field.path)), condition.bind(json.dumps(tree.value))
    found = f"(d.metadata #> {path}::text[])"
    return (
        f"coalesce(jsonb_typeof({found}) = jsonb_typeof({wanted}::jsonb) "
        f"AND {found} {tree.operator.value} {wanted}::jsonb, false)"
    )
