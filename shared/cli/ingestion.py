"""Sends documents in batches the API takes, and waits for their vectors."""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from shared.cli.api_client import ApiError, ConcordApi
from shared.cli.document_sources import Item, SourcedDocument, UnreadableItem
from shared.cli.file_imports import FileToImport, ImportChoices, import_file
from shared.domain.sizes import MAX_REQUEST_BYTES

DOCUMENTS_PER_BATCH = 500
# Leaves room for what surrounds the documents.
BYTES_PER_BATCH = MAX_REQUEST_BYTES - 1_000
# One bad document among others is told apart by the API; one alone is refused as a whole.
_NOTHING_STORED = "invalid_documents"
_POLL_SECONDS = 0.2
# What one file is refused with, all are: there is no key, or no such collection.
_OF_THE_CALLER = {401, 404}
STATUSES = ("created", "updated", "unchanged")
PLAIN = ImportChoices()

type OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ItemError:
    source: str
    id: str | None
    message: str


@dataclass(slots=True)
class IngestReport:
    """What became of every item."""

    counts: Counter[str] = field(default_factory=Counter)
    errors: list[ItemError] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            **{status: self.counts[status] for status in STATUSES},
            "failed": len(self.errors),
            "errors": [
                {"source": error.source, "id": error.id, "message": error.message} for error in self.errors
            ],
        }


@dataclass(slots=True)
class _Batch:
    documents: list[SourcedDocument] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, document: SourcedDocument, part: bytes) -> None:
        self.documents.append(document)
        self.parts.append(part)
        self.size += len(part) + 1

    def has_room(self, part: bytes) -> bool:
        return len(self.parts) < DOCUMENTS_PER_BATCH and self.size + len(part) < BYTES_PER_BATCH


async def ingest(
    api: ConcordApi,
    collection: str,
    items: Iterable[Item],
    on_progress: OnProgress,
    choices: ImportChoices = PLAIN,
) -> IngestReport:
    """Store the documents; those that cannot be are in the report. `on_progress` gets how many are done.

    Documents go in batches as they come; where they are to be read otherwise than plainly, in one import.
    """
    report = IngestReport()

    def progress(more: int = 0) -> None:
        on_progress(sum(report.counts.values()) + len(report.errors) + more)

    with ExitStack() as stack:
        spool = None if choices.are_plain else stack.enter_context(_Spool())
        for work in _batches(items, report):
            if isinstance(work, FileToImport):
                await _import(api, collection, work, choices, report, progress)
            elif spool is not None:
                spool.add(work)
            else:
                await _send(api, collection, work, report)
            progress()
        if spool is not None and spool.sources:
            await _import(api, collection, spool.file(), choices, report, progress, spool.sources)
            progress()
    return report


class _Spool:
    """Documents in a temporary file of lines, with where each comes from."""

    def __init__(self) -> None:
        self.sources: list[str] = []

    def __enter__(self) -> Self:
        self._file = tempfile.NamedTemporaryFile(suffix=".ndjson")
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add(self, batch: "_Batch") -> None:
        for document, part in zip(batch.documents, batch.parts, strict=True):
            self._file.write(part + b"\n")
            self.sources.append(document.source)

    def file(self) -> FileToImport:
        self._file.flush()
        return FileToImport("", Path(self._file.name), "documents.ndjson", "ndjson")


async def _import(
    api: ConcordApi,
    collection: str,
    file: FileToImport,
    choices: ImportChoices,
    report: IngestReport,
    progress: OnProgress,
    sources: Sequence[str] | None = None,
) -> None:
    """`sources` has where each line comes from, when that is not the file."""

    def follow(found: dict[str, Any]) -> None:
        progress(sum(found[status] for status in (*STATUSES, "failed")))

    try:
        ended, errors = await import_file(api, collection, file, choices, follow)
    except ApiError as refusal:
        if refusal.answered_status in _OF_THE_CALLER:
            raise
        report.errors.append(ItemError(file.source, None, _message(refusal.details, refusal.message)))
        return
    except OSError as failure:
        report.errors.append(ItemError(file.source, None, str(failure.strerror)))
        return
    for status in STATUSES:
        report.counts[status] += ended[status]
    for error in errors:
        source = sources[error["line"] - 1] if sources else file.source
        if not sources and file.format != "file":
            source = f"{source}:{error['line']}"
        report.errors.append(ItemError(source, error["document_id"], error["message"]))
    untold = ended["failed"] - len(errors)
    if untold > 0:
        report.errors.append(ItemError(file.source, None, f"{untold} more lines failed"))
    if ended["state"] != "done":
        why = ended["error"] or f"the import was {ended['state']}"
        report.errors.append(ItemError(file.source, None, why))


async def wait_until_embedded(api: ConcordApi, collection: str, on_progress: OnProgress) -> dict[str, Any]:
    """The collection once none of its documents waits; `on_progress` gets how many still do."""
    while True:
        found = await api.collection(collection)
        on_progress(found["pending"])
        if not found["pending"]:
            return found
        await asyncio.sleep(_POLL_SECONDS)


def _batches(items: Iterable[Item], report: IngestReport) -> Iterator[_Batch | FileToImport]:
    batch = _Batch()
    for item in items:
        if isinstance(item, FileToImport):
            yield item
            continue
        if isinstance(item, UnreadableItem):
            report.errors.append(ItemError(item.source, None, item.message))
            continue
        part = json.dumps(item.document, separators=(",", ":")).encode()
        if len(part) > BYTES_PER_BATCH:
            report.errors.append(ItemError(item.source, _id_of(item), "has more than 5 MB"))
            continue
        if not batch.has_room(part):
            yield batch
            batch = _Batch()
        batch.add(item, part)
    if batch.parts:
        yield batch


async def _send(api: ConcordApi, collection: str, batch: _Batch, report: IngestReport) -> None:
    try:
        answer = await api.upsert(collection, b"[" + b",".join(batch.parts) + b"]")
    except ApiError as refusal:
        if refusal.answered_code != _NOTHING_STORED:
            raise
        for detail in refusal.details:
            document = batch.documents[detail["index"]]
            message = f"{detail['field']}: {detail['message']}"
            report.errors.append(ItemError(document.source, _id_of(document), message))
        return
    for item in answer["items"]:
        if item["status"] != "failed":
            report.counts[item["status"]] += 1
            continue
        document = batch.documents[item["index"]]
        error = item["error"]
        report.errors.append(
            ItemError(document.source, item["id"], _message(error["details"], error["message"]))
        )


def _message(details: Sequence[dict[str, Any]], message: str) -> str:
    """What is wrong with which fields, where that is known."""
    return "; ".join(f"{detail['field']}: {detail['message']}" for detail in details) or message


def _id_of(document: SourcedDocument) -> str | None:
    claimed = document.document.get("id")
    return claimed if isinstance(claimed, str) else None
