"""Sorts a batch into what can be stored and what cannot, and reports on both in the order asked."""

from collections.abc import Sequence

from functions.documents_upsert.schemas import (
    RejectedDocument,
    UpsertAnswer,
    UpsertItem,
)
from shared.domain.documents import DocumentInput
from shared.domain.usage import Usage
from shared.errors import ConcordError, InvalidDocuments, InvalidRequest
from shared.http.responses import error_detail
from shared.services.upsert_documents import UpsertedDocument


class Batch:
    """The documents of one request."""

    def __init__(self, entries: Sequence[DocumentInput | RejectedDocument]) -> None:
        self._entries = entries
        self._documents: list[DocumentInput] = []
        self._refused: dict[int, ConcordError] = {}
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            if isinstance(entry, RejectedDocument):
                self._refused[index] = InvalidRequest(details=entry.details)
            elif entry.id in seen:
                message = "stands in this batch already; the first one counts"
                self._refused[index] = InvalidRequest(details=[{"field": "id", "message": message}])
            else:
                seen.add(entry.id)
                self._documents.append(entry)

    def storable(self) -> list[DocumentInput]:
        """What can be stored. Raises InvalidDocuments when that is nothing."""
        if not self._documents:
            raise InvalidDocuments(
                details=[
                    {**detail, "index": index}
                    for index, error in self._refused.items()
                    for detail in error.details
                ]
            )
        return self._documents

    def answer(self, outcomes: Sequence[UpsertedDocument]) -> UpsertAnswer:
        """One item per entry; `outcomes` are those of `storable`, in their order."""
        stored = iter(outcomes)
        items = []
        for index, entry in enumerate(self._entries):
            if index in self._refused:
                items.append(_failed(index, entry.id, self._refused[index]))
                continue
            outcome = next(stored)
            if outcome.status is None:
                items.append(_failed(index, outcome.id, outcome.error or ConcordError()))
            else:
                items.append(UpsertItem(index=index, id=outcome.id, status=outcome.status.value))
        written = sum(item.status in {"created", "updated"} for item in items)
        errors = sum(item.status == "failed" for item in items)
        return UpsertAnswer(items=items, errors=errors, usage=Usage(documents_written=written))


def _failed(index: int, document_id: str | None, error: ConcordError) -> UpsertItem:
    return UpsertItem(index=index, id=document_id, status="failed", error=error_detail(error))
