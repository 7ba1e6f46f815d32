"""Where a field's values are: a JSON document of the alias `d`, and a path into it.

Paths are of Postgres' lax mode: a step into an array is one into each of its elements, and a condition on an
array holds when it does for one of them.
"""

import json
from collections.abc import Sequence

from shared.domain.filters import DOCUMENT_FIELDS, Field

_SCALARS = '(@.type() == "string" || @.type() == "number" || @.type() == "boolean")'
METADATA = "d.metadata"
_COLUMNS = {
    name: f"d.{name} AT TIME ZONE 'UTC'" if name.endswith("_at") else f"d.{name}" for name in DOCUMENT_FIELDS
}


def source_of(field: Field) -> str:
    """The JSON to look in, as SQL: a document's own field stands where its metadata has none of that name."""
    column = _COLUMNS.get(field.path[0])
    if column is None:
        return METADATA
    return f"(jsonb_build_object('{field.path[0]}', {column}) || d.metadata)"


def json_path(path: Sequence[str], condition: str = "") -> str:
    """The path to what is named so, of which `condition` holds."""
    steps = "".join(f".{json.dumps(part, ensure_ascii=False)}" for part in path)
    return f"${steps} ? ({condition})" if condition else f"${steps}"


def scalar_path(path: Sequence[str]) -> str:
    """The path to texts, numbers and booleans, of arrays those in them."""
    return json_path(path, _SCALARS)
