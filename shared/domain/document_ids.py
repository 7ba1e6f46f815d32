"""Stable ids for what has a path or a foreign id instead."""

import hashlib
import re

from shared.domain.names import ID_PATTERN

_ALLOWED = re.compile(ID_PATTERN)
_FOREIGN = re.compile(r"[^A-Za-z0-9._~:@=+-]+")
_READABLE_CHARACTERS = 200


def document_id(name: str) -> str:
    """`name` itself where it can be an id, else a readable one made from it, always the same.

    `guides/First steps.md` becomes `guides-First-steps.md~` and twelve digits of the name's SHA-256.
    """
    if _ALLOWED.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{_FOREIGN.sub('-', name)[:_READABLE_CHARACTERS]}~{digest}"
