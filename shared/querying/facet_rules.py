"""Requests for facets to what is to be counted."""

from collections.abc import Sequence

from shared.domain.facets import FacetPlan, FacetRule
from shared.querying.field_names import bad_value, parse_field


def parse_facets(names: Sequence[str], *, limit: int, query: str | None) -> FacetPlan:
    """The fields named, each once; `query` is `field:text` for one of them.

    Raises InvalidRequest, whose details name `facets` or `facet_query`.
    """
    names = list(dict.fromkeys(names))
    searched = None if query is None else _searched(names, query)
    rules = tuple(
        FacetRule(
            name,
            parse_field(name, "facets"),
            query[len(name) + 1 :] if query is not None and name == searched else None,
        )
        for name in names
    )
    return FacetPlan(rules, limit)


def _searched(names: Sequence[str], query: str) -> str:
    """The facet that is searched: the longest, where a name is the beginning of another one and a colon."""
    candidates = [name for name in names if query.startswith(f"{name}:")]
    if not candidates:
        raise bad_value("facet_query", "it is written field:text, and the field is one of the facets")
    return max(candidates, key=len)
