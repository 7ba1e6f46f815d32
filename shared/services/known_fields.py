"""A request for a field that no document has is a mistake, not an empty answer."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from shared.domain.filters import DOCUMENT_FIELDS, Field, Filter, fields_of
from shared.errors import UnknownField

if TYPE_CHECKING:
    from shared.domain.facets import FacetPlan
    from shared.domain.sorting import BoostRule, SortRule

_SHOWN = 20


def refuse_unknown_fields(
    tree: Filter | None,
    known: Sequence[str],
    of_documents: Sequence[str] = DOCUMENT_FIELDS,
    *,
    facets: "FacetPlan | None" = None,
    sort: "Sequence[SortRule]" = (),
    group_by: Field | None = None,
    boosts: "Sequence[BoostRule]" = (),
) -> None:
    """Raise UnknownField, naming each unknown field, where it stands, and the fields there are.

    All but facets may name fields `of_documents` themselves, such as `title`.
    """
    metadata, all_fields = set(known), {*known, *of_documents}
    filtered = [] if tree is None else fields_of(tree)
    sorted_by = [rule.field for rule in sort if rule.field is not None]
    details = [
        *_unknown("filter", filtered, all_fields, known),
        *_unknown("facets", [rule.field for rule in facets.rules] if facets else [], metadata, known),
        *_unknown("sort", sorted_by, all_fields, known),
        *_unknown("group_by", [group_by] if group_by else [], all_fields, known),
        *_unknown("boosts", [rule.field for rule in boosts], all_fields, known),
    ]
    if details:
        raise UnknownField(details=details)


def _unknown(
    where: str, fields: Iterable[Field], there: set[str], known: Sequence[str]
) -> Iterable[dict[str, Any]]:
    shown = ", ".join(known[:_SHOWN]) or "none yet"
    for field in fields:
        if field.path[0] not in there:
            column = {"column": field.column} if where == "filter" else {}
            message = f"no document has the metadata field {field.name}; there are: {shown}"
            yield {"field": where, **column, "message": message}
