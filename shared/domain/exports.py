"""Exports: bundles that are built in the storage, and kept there for a while."""

import re
from datetime import datetime, timedelta
from enum import StrEnum

PREFIX = "exports/"
REQUESTS_PREFIX = "export-requests/"
CONTENT_TYPE = "application/gzip"
# As long as the bucket's rule in template.yaml keeps what is exported.
KEPT = timedelta(days=7)
MOST_UNFINISHED = 5
# Of runs that end one after the other without having stored anything more.
MAX_ATTEMPTS = 5
_WHOLE_NUMBER = re.compile("[1-9][0-9]{0,8}")


class ExportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


def bundle_key(collection_id: int, export_id: str) -> str:
    """Where an export's bundle is."""
    return f"{PREFIX}{collection_id}/{export_id}.ndjson.gz"


def request_key(collection_id: int, export_id: str) -> str:
    """An object that is stored to have a worker called for an export."""
    return f"{REQUESTS_PREFIX}{collection_id}/{export_id}"


def export_of_key(key: str) -> tuple[int, str] | None:
    """The collection's id and the export's, when the key is that of a request."""
    match key.removeprefix(REQUESTS_PREFIX).split("/"):
        case [str(collection), str(export_id)] if key.startswith(REQUESTS_PREFIX):
            return (int(collection), export_id) if _WHOLE_NUMBER.fullmatch(collection) else None
        case _:
            return None


def expiry_of(created_at: datetime) -> datetime:
    """From when on an export is not kept any more."""
    return created_at + KEPT


def file_name(collection: str, created_at: datetime) -> str:
    """What a bundle is called by whoever downloads it."""
    return f"{collection}-{created_at:%Y-%m-%d}.ndjson.gz"
