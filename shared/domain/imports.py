"""Imports: what is asked for, and what became of it."""

import re
import secrets
import time
from enum import StrEnum
from typing import NamedTuple

from shared.domain.document_writes import WriteStatus
from shared.domain.documents import DocumentInput

# Beyond them a failed line is counted alone.
MOST_ERRORS_KEPT = 10_000
MAX_LINE_BYTES = 5_000_000
# What S3 takes in one PUT.
MAX_IMPORT_BYTES = 5_000_000_000
MAX_FILE_BYTES = 100_000_000
PREFIX = "imports/"
_WHOLE_NUMBER = re.compile("[1-9][0-9]{0,8}")


class ImportFormat(StrEnum):
    """`file` is one document; the others have one in each line or row."""

    NDJSON = "ndjson"
    CSV = "csv"
    FILE = "file"


class ImportState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DirtyPolicy(StrEnum):
    """What happens to an item that is no document as it stands.

    reject: it fails. coerce: what can be read as meant is; unknown fields become metadata. drop: unknown
    fields and bad metadata fields are left out. What is then still wrong fails.
    """

    REJECT = "reject"
    COERCE = "coerce"
    DROP = "drop"


class ImportOptions(NamedTuple):
    """How the items of an import are read. `id_field` names the one that has the id, when not `id`.

    `dimensions` are those that vectors of documents have, where it is known.
    """

    policy: DirtyPolicy = DirtyPolicy.REJECT
    id_field: str | None = None
    dimensions: int | None = None


class ItemProblem(NamedTuple):
    """Why an item is no document; the first line is 1."""

    line: int
    document_id: str | None
    code: str
    message: str


class ReadItem(NamedTuple):
    """A document of an import, and where the item that it was ends: the next one begins at byte `end`."""

    line: int
    last_line: int
    end: int
    outcome: DocumentInput | ItemProblem


class ImportCounts(NamedTuple):
    """Of items, by what became of them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0

    def of(self, statuses: "list[WriteStatus]", failed: int) -> "ImportCounts":
        """With these more."""
        return ImportCounts(
            self.created + statuses.count(WriteStatus.CREATED),
            self.updated + statuses.count(WriteStatus.UPDATED),
            self.unchanged + statuses.count(WriteStatus.UNCHANGED),
            self.failed + failed,
        )


class OriginalFile(NamedTuple):
    """A file that is kept as it came."""

    object_key: str
    file_name: str
    content_type: str
    size: int
    sha256: bytes


def new_ordered_id() -> str:
    """One that sorts after those made before it."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"


def object_key(collection_id: int, import_id: str) -> str:
    """Where an import's bytes are uploaded to."""
    return f"{PREFIX}{collection_id}/{import_id}/data"


def wake_up_key(collection_id: int, import_id: str) -> str:
    """An object that is stored to have a worker called for an import whose bytes are there."""
    return f"{PREFIX}{collection_id}/{import_id}/more"


def original_key(collection_id: int, import_id: str, run: int) -> str:
    """Where a run of an import keeps its file: no other document ever has it."""
    return f"originals/{collection_id}/{import_id}-{run}"


def import_of_key(key: str) -> tuple[int, str] | None:
    """The collection's id and the import's, when the key is that of an import's object."""
    match key.removeprefix(PREFIX).split("/"):
        case [str(collection), str(import_id), "data" | "more"] if key.startswith(PREFIX):
            return (int(collection), import_id) if _WHOLE_NUMBER.fullmatch(collection) else None
        case _:
            return None
