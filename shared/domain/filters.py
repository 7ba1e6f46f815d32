"""The tree a filter string is parsed into; `shared.querying` makes it, repositories turn it into SQL."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import pydantic

from shared.domain.texts import storable_text

MAX_FILTER_CHARACTERS = 10_000
FilterText = Annotated[
    str, pydantic.Field(max_length=MAX_FILTER_CHARACTERS), pydantic.AfterValidator(storable_text)
]

type Scalar = str | int | float | bool

# Of a document itself. A document's metadata field of that name hides it.
DOCUMENT_FIELDS = ("id", "title", "url", "created_at", "updated_at", "expires_at")


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
    """`field operator value`; on an array it holds when it does for an element (for `!=`: for every one)."""

    field: Field
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Membership:
    """`field IN [values]`."""

    field: Field
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """`field BETWEEN low AND high`, both of which belong to it."""

    field: Field
    low: Scalar
    high: Scalar


class TextMatch(StrEnum):
    CONTAINS = "CONTAINS"
    STARTS_WITH = "STARTS WITH"


@dataclass(frozen=True, slots=True)
class TextComparison:
    """`field CONTAINS text`, `field STARTS WITH text`, letter by letter as they are written."""

    field: Field
    match: TextMatch
    text: str


@dataclass(frozen=True, slots=True)
class Existence:
    """`EXISTS field`: it is there and not null; `field IS NULL` is its negation."""

    field: Field


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth in degrees; in metadata `{"lat": 52.52, "lng": 13.405}`, or `lon` for `lng`."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class GeoRadius:
    """`GEO_RADIUS(field, latitude, longitude, metres)`: a point is no farther away than that."""

    field: Field
    center: Point
    metres: float


@dataclass(frozen=True, slots=True)
class GeoBox:
    """`GEO_BOX(field, top, left, bottom, right)`; left > right has the date line in it."""

    field: Field
    top_left: Point
    bottom_right: Point


@dataclass(frozen=True, slots=True)
class Negation:
    operand: "Filter"


@dataclass(frozen=True, slots=True)
class Conjunction:
    operands: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Disjunction:
    operands: tuple["Filter", ...]


type Clause = Comparison | Membership | Range | TextComparison | Existence | GeoRadius | GeoBox
type Filter = Clause | Negation | Conjunction | Disjunction


def fields_of(tree: Filter) -> list[Field]:
    """Every field the filter names, in the order of the string."""
    match tree:
        case Negation():
            return fields_of(tree.operand)
        case Conjunction() | Disjunction():
            return [field for operand in tree.operands for field in fields_of(operand)]
        case _:
            return [tree.field]
