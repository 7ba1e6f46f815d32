"""Facets as a subquery of a search statement."""

import json
from typing import Any

from shared.database.statements import SqlFile
from shared.domain.facets import FacetPlan, FacetRule
from shared.repositories.bound_sql import BoundSql
from shared.repositories.metadata_paths import scalar_path

SQL = SqlFile("shared.repositories.sql", "facets")


def facets_fragment(facets: FacetPlan) -> BoundSql:
    """A scalar subquery over `matched (number)`, documents of the collection `%(collection_id)s`.

    Its value is JSON: per facet by name `{"values": [{"value", "count"}], "distinct", "stats": {"min", "max",
    "avg", "sum", "count"} | null}`, values by count, the greatest first, then by value. The text is the same
    for all facets.
    """
    rules = [_rule(place, rule) for place, rule in enumerate(facets.rules)]
    counted = SQL["count_facets"].with_slot("matched", "matched")
    return BoundSql(
        "facet", f"({counted.text})", {"facet_rules": json.dumps(rules), "facet_limit": facets.limit}
    )


def _rule(place: int, rule: FacetRule) -> dict[str, Any]:
    key, *rest = rule.field.path
    # A step that is a number would be an element's place in an array.
    is_direct = not any(part.lstrip("-").isdigit() for part in rest)
    return {
        "place": place,
        "name": rule.name,
        "path": rule.field.path if is_direct else None,
        "key": key,
        "values_of_path": scalar_path(()),
        "values_of_key": scalar_path(rest),
        "text": rule.text,
    }
