"""A filter on a field that no document has is a mistake, not an empty answer."""

from collections.abc import Sequence

from shared.domain.filters import Filter, fields_of
from shared.errors import UnknownField

_SHOWN = 20


def refuse_unknown_fields(tree: Filter, known: Sequence[str]) -> None:
    """Raise UnknownField, naming the column of each unknown field and the fields there are."""
    there = set(known)
    unknown = [field for field in fields_of(tree) if field.path[0] not in there]
    if unknown:
        fields = ", ".join(known[:_SHOWN]) or "none yet"
        raise UnknownField(
            details=[
                {
                    "field": "filter",
                    "column": field.column,
                    "message": f"no document has the metadata field {field.name}; there are: {fields}",
                }
                for field in unknown
            ]
        )
