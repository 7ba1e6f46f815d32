"""Mends items of an import as far as a policy allows."""

import json
import math
import re
from typing import Any

from shared.domain.document_ids import document_id
from shared.domain.documents import MAX_TITLE_CHARACTERS, bounded_depth, storable_metadata
from shared.domain.imports import DirtyPolicy

# All but tab, line feed and carriage return; and halves of characters.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TEXTS = ("id", "title", "body", "url")
_FIELDS = (*_TEXTS, "metadata", "page_starts", "expires_at", "vector", "readers")


def repaired(fields: dict[str, Any], policy: DirtyPolicy) -> dict[str, Any]:
    """The fields, to be validated again: see DirtyPolicy."""
    known = {name: fields[name] for name in _FIELDS if name in fields}
    metadata = known.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if policy is DirtyPolicy.COERCE:
        unknown = {name: value for name, value in fields.items() if name not in _FIELDS}
        metadata = {_clean(name): _clean_value(value) for name, value in {**unknown, **metadata}.items()}
        known = {**known, **_coerced(known)}
    known["metadata"] = {name: value for name, value in metadata.items() if _is_storable(name, value)}
    return known


def _coerced(known: dict[str, Any]) -> dict[str, Any]:
    texts: dict[str, Any] = {
        name: _text(known[name]) for name in ("id", "title", "body", "url") if name in known
    }
    if texts.get("id") is not None:
        texts["id"] = document_id(str(texts["id"]).strip())
    if "body" in texts:
        texts["body"] = texts["body"] or ""
    if isinstance(texts.get("title"), str):
        texts["title"] = texts["title"][:MAX_TITLE_CHARACTERS]
    return texts


def _text(value: Any) -> Any:
    match value:
        case str():
            return _clean(value)
        case bool() | int():
            return json.dumps(value)
        case float() if math.isfinite(value):
            return json.dumps(value)
        case _:
            return value


def _clean(text: str) -> str:
    return _UNSTORABLE.sub("", text)


def _clean_value(value: Any, levels: int = 20) -> Any:
    """Texts at any depth that may be stored; what lies deeper stays, and is refused later."""
    if isinstance(value, str):
        return _clean(value)
    if levels and isinstance(value, list):
        return [_clean_value(item, levels - 1) for item in value]
    if levels and isinstance(value, dict):
        return {_clean(name): _clean_value(item, levels - 1) for name, item in value.items()}
    return value


def _is_storable(name: str, value: Any) -> bool:
    try:
        bounded_depth({name: value})
        storable_metadata({name: value})
    except (TypeError, ValueError):
        return False
    return True
