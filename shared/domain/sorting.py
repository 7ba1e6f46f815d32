"""What hits are ordered by, what they are grouped by, and what raises their scores."""

from dataclasses import dataclass
from typing import ClassVar

from shared.domain.filters import Field, Point

MOST_SORTS = 5


@dataclass(frozen=True, slots=True)
class FieldSort:
    """By a field's value: numbers, then text; of an array the least ascending, the greatest descending."""

    field: Field
    descending: bool


@dataclass(frozen=True, slots=True)
class ScoreSort:
    """By the hits' score."""

    field: ClassVar[None] = None
    descending: bool


@dataclass(frozen=True, slots=True)
class DistanceSort:
    """By the distance from a place to the field's nearest point."""

    field: Field
    origin: Point
    descending: bool


type SortRule = FieldSort | ScoreSort | DistanceSort


@dataclass(frozen=True, slots=True)
class SaturationBoost:
    """`x / (x + half)` of a number x > 0: a half at `half`, never more than 1."""

    field: Field
    weight: float
    half: float


@dataclass(frozen=True, slots=True)
class DecayBoost:
    """`0.5 ** (age / half_life_days)` of an ISO 8601 date; what is yet to come is of today."""

    field: Field
    weight: float
    half_life_days: float


type BoostRule = SaturationBoost | DecayBoost
