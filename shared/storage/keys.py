"""Which keys an object may have."""

import re

from shared.errors import InvalidRequest

_LONGEST_BYTES = 900
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


def checked_key(key: str) -> str:
    """The key, when it names one object below the storage's root whatever keeps it. Raises InvalidRequest."""
    parts = key.split("/")
    if (
        len(key.encode("utf-8", "replace")) > _LONGEST_BYTES
        or _CONTROL.search(key)
        or any(part in {"", ".", ".."} for part in parts)
    ):
        raise InvalidRequest(
            details=[{"field": "key", "message": "names no object: a relative path without . and .. does"}]
        )
    return key


def attachment(filename: str) -> str:
    """The content-disposition that makes a browser save a file under that name."""
    from urllib.parse import quote  # noqa: PLC0415 - most functions hand out no files.

    return f"attachment; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
