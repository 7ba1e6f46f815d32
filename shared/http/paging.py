"""Opaque cursors: where a list goes on."""

import base64
import binascii
from typing import Annotated

from fastapi import Query

from shared.domain.filters import FilterText
from shared.errors import InvalidCursor

PageLimit = Annotated[int, Query(ge=1, le=1_000)]
Cursor = Annotated[str | None, Query(max_length=1_000)]
OptionalFilter = Annotated[FilterText | None, Query()]

_PREFIX = "after:"


def encode_cursor(last: str) -> str:
    """The cursor of the page after the item `last`."""
    return base64.urlsafe_b64encode(f"{_PREFIX}{last}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str:
    """The item to go on after; an empty text for the first page. Raises InvalidCursor."""
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith(_PREFIX) or "\x00" in text:
        raise InvalidCursor(details=[{"field": "cursor", "message": "not a cursor of this list"}])
    return text.removeprefix(_PREFIX)
