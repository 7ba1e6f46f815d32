"""Facets: which values the documents found have in a field, and how many have each."""

from dataclasses import dataclass

from shared.domain.filters import Field

MOST_FACETS = 20
MOST_FACET_VALUES = 200


@dataclass(frozen=True, slots=True)
class FacetRule:
    """One field to count, as the request names it, and what its values have to have in them to be shown."""

    name: str
    field: Field
    text: str | None = None


@dataclass(frozen=True, slots=True)
class FacetPlan:
    """The fields to count, each named once, and how many values of each to show."""

    rules: tuple[FacetRule, ...]
    limit: int
