"""What was fetched of a source's items becomes documents, as far as it has changed."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from pydantic import JsonValue, ValidationError

from shared.cache.protocol import Cache
from shared.database.rows import SourceItemRow, SourceRow
from shared.database.units_of_work import Database
from shared.domain.document_writes import WriteStatus
from shared.domain.documents import MAX_TITLE_CHARACTERS, DocumentInput
from shared.domain.fetches import ItemOutcome, Problem
from shared.domain.principals import Principal
from shared.domain.sources import MOST_ERROR_CHARACTERS, pause_seconds
from shared.errors import ConcordError
from shared.parsing.parse_file import parse_file
from shared.queues.protocol import WriteQueues
from shared.repositories import source_items, sources
from shared.repositories.source_items import CheckedItem
from shared.repositories.sources import RunCounts
from shared.services.upsert_documents import UpsertedDocument, upsert_documents
from shared.storage.protocol import ObjectStorage

ITEMS_PER_GROUP = 50
_MOST_FILE_BYTES = 60_000_000


@dataclass(frozen=True, slots=True)
class ItemStore:
    """Where items of one source go."""

    database: Database
    cache: Cache
    queues: WriteQueues
    storage: ObjectStorage
    principal: Principal
    collection: str
    source: SourceRow

    async def store(self, outcomes: Sequence[ItemOutcome]) -> None:
        """Those for which the run waits; what was stored before is not looked at again.

        An item that cannot be read or stored fails alone, and keeps the document that it had.
        """
        for group in batched(outcomes, ITEMS_PER_GROUP):
            async with self.database.unit_of_work(self.principal) as unit:
                waiting = await source_items.find_items(unit, self.source, [item.key for item in group])
            known = [(outcome, waiting[outcome.key]) for outcome in group if outcome.key in waiting]
            checked, changed = await self._check(known)
            async with self.database.unit_of_work(self.principal) as unit:
                finished = await source_items.finish_items(unit, self.source, list(checked.values()))
                counts = _count([outcome for outcome, _ in known], checked, finished, changed)
                await sources.add_counts(unit, self.source, counts)

    async def _check(
        self, known: Sequence[tuple[ItemOutcome, SourceItemRow]]
    ) -> tuple[dict[str, CheckedItem], set[str]]:
        """What is known of each item from now on, and the keys of those whose documents have changed."""
        checked: dict[str, CheckedItem] = {}
        documents: dict[str, DocumentInput] = {}
        for outcome, item in known:
            try:
                if outcome.state == "fetched":
                    documents[item.key] = await self._read(outcome, item)
                elif outcome.state != "left":
                    checked[item.key] = _checked(outcome, item)
            except ConcordError as error:
                checked[item.key] = _failed(item, error.message)
            except ValidationError as error:
                checked[item.key] = _failed(item, _problem_in(error))
        return await self._upsert(known, documents, checked)

    async def _upsert(
        self,
        known: Sequence[tuple[ItemOutcome, SourceItemRow]],
        documents: dict[str, DocumentInput],
        checked: dict[str, CheckedItem],
    ) -> tuple[dict[str, CheckedItem], set[str]]:
        results: dict[str, UpsertedDocument] = {}
        if documents:
            upserted = await upsert_documents(
                self.database,
                self.cache,
                self.queues,
                self.principal,
                self.collection,
                list(documents.values()),
            )
            results = dict(zip(documents, upserted, strict=True))
        for outcome, item in known:
            result = results.get(item.key)
            if result is not None:
                checked[item.key] = (
                    _stored(outcome) if result.error is None else _failed(item, result.error.message)
                )
        changed = {
            key
            for key, result in results.items()
            if result.status in {WriteStatus.CREATED, WriteStatus.UPDATED}
        }
        return checked, changed

    async def _read(self, outcome: ItemOutcome, item: SourceItemRow) -> DocumentInput:
        """Raises UnreadableFile and other errors of ours, ValidationError for what is no document."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            await self.storage.download(outcome.file or "", path, at_most=_MOST_FILE_BYTES)
            parsed = await parse_file(path, outcome.name or "index.html")
        return DocumentInput(
            id=item.document_id,
            title=(item.title or parsed.title or "")[:MAX_TITLE_CHARACTERS] or None,
            body=parsed.body,
            url=item.url,
            metadata={**parsed.metadata, **_fields(item), "source": self.source.id},
            page_starts=list(parsed.page_starts),
        )


def _checked(outcome: ItemOutcome, item: SourceItemRow) -> CheckedItem:
    """What is known of an item that brought no file."""
    match outcome.state:
        case "not_modified":
            return _unchanged(outcome, item)
        case "same":
            return _stored(outcome)
        case _:
            problem = outcome.problem or Problem(code="unknown", message="It could not be fetched.")
            return _failed(item, problem.message, asked=problem.retry_after_seconds)


def _unchanged(outcome: ItemOutcome, item: SourceItemRow) -> CheckedItem:
    return CheckedItem(
        item.key,
        outcome.etag or item.etag,
        outcome.last_modified or item.last_modified,
        item.content_hash,
    )


def _stored(outcome: ItemOutcome) -> CheckedItem:
    return CheckedItem(outcome.key, outcome.etag, outcome.last_modified, outcome.content_hash)


def _failed(item: SourceItemRow, message: str, *, asked: float = 0.0) -> CheckedItem:
    """It stays as it was, and is tried again later and later."""
    return CheckedItem(
        item.key,
        item.etag,
        item.last_modified,
        item.content_hash,
        failures=item.failures + 1,
        error=message[:MOST_ERROR_CHARACTERS],
        pause_seconds=pause_seconds(item.failures + 1, asked=asked),
    )


def _fields(item: SourceItemRow) -> dict[str, JsonValue]:
    """What the listing tells of it."""
    return item.metadata if isinstance(item.metadata, dict) else {}


def _problem_in(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"It cannot be a document: {'.'.join(map(str, problem['loc']))} {problem['msg']}."


def _count(
    outcomes: Sequence[ItemOutcome],
    checked: dict[str, CheckedItem],
    finished: set[str],
    changed: set[str],
) -> RunCounts:
    counts = RunCounts()
    for outcome in outcomes:
        if outcome.key not in finished:
            continue
        if checked[outcome.key].error is not None:
            counts.failed += 1
        elif outcome.state == "not_modified":
            counts.not_modified += 1
        else:
            counts.fetched += 1
            counts.changed += outcome.key in changed
    return counts
