"""The tree a filter string is parsed into; `shared.querying` makes it, repositories turn it into SQL."""

from dataclasses import dataclass
from enum import StrEnum

type Scalar = str | int | float | bool


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Field:
    """A metadata field by path (`author.name` is `("author", "name")`) and its column, from 1."""

    path: tuple[str, ...]
    column: int

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; on an array, `=` holds when an element is equal."""

    field: Field
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Membership:
    """`field IN [values]`."""

    field: Field
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Existence:
    """`EXISTS field`."""

    field: Field


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Filter"


@dataclass(frozen=True, slots=True)
class Conjunction:
    operands: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    operands: tuple["Filter", ...]


type Filter = Comparison | Membership | Existence | Negation | Conjunction | Disjunction


def fields_of(tree: Filter) -> list[Field]:
    """Every field the filter names, in the order of the string."""
    match tree:
        case Comparison() | Membership() | Existence():
            return [tree.field]
        case Negation():
            return fields_of(tree.operand)
        case _:
            return [field for operand in tree.operands for field in fields_of(operand)]
