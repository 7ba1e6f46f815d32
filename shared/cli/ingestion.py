"""Sends documents in batches the API takes, and waits for their vectors."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.cli.api_client import ApiError, ConcordApi
from shared.cli.document_sources import Item, SourcedDocument, UnreadableItem
from shared.domain.sizes import MAX_REQUEST_BYTES

DOCUMENTS_PER_BATCH = 500
# Leaves room for what surrounds the documents.
BYTES_PER_BATCH = MAX_REQUEST_BYTES - 1_000
# One bad document among others is told apart by the API; one alone is refused as a whole.
_NOTHING_STORED = "invalid_documents"
_POLL_SECONDS = 0.2

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
            **{status: self.counts[status] for status in ("created", "updated", "unchanged")},
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
    api: ConcordApi, collection: str, items: Iterable[Item], on_progress: OnProgress
) -> IngestReport:
    """Store the documents; those that cannot be are in the report. `on_progress` gets how many are done."""
    report = IngestReport()
    for batch in _batches(items, report):
        await _send(api, collection, batch, report)
        on_progress(sum(report.counts.values()) + len(report.errors))
    return report


async def wait_until_embedded(api: ConcordApi, collection: str, on_progress: OnProgress) -> dict[str, Any]:
    """The collection once none of its documents waits; `on_progress` gets how many still do."""
    while True:
        found = await api.collection(collection)
        on_progress(found["pending"])
        if not found["pending"]:
            return found
        await asyncio.sleep(_POLL_SECONDS)


def _batches(items: Iterable[Item], report: IngestReport) -> Iterator[_Batch]:
    batch = _Batch()
    for item in items:
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
    except ApiError as error:
        if error.answered_code != _NOTHING_STORED:
            raise
        for detail in error.details:
            document = batch.documents[detail["index"]]
            message = f"{detail['field']}: {detail['message']}"
            report.errors.append(ItemError(document.source, _id_of(document), message))
        return
    for item in answer["items"]:
        if item["status"] != "failed":
            report.counts[item["status"]] += 1
            continue
        document = batch.documents[item["index"]]
        report.errors.append(ItemError(document.source, item["id"], _message(item["error"])))


def _message(error: dict[str, Any]) -> str:
    details = [f"{detail['field']}: {detail['message']}" for detail in error["details"]]
    return "; ".join(details) or str(error["message"])


def _id_of(document: SourcedDocument) -> str | None:
    claimed = document.document.get("id")
    return claimed if isinstance(claimed, str) else None
