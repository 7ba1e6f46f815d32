"""What sources list, and what is known of each item."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.database.rows import SourceItemRow, SourceRow
from shared.database.units_of_work import UnitOfWork
from shared.domain.fetches import ListedItem
from shared.domain.sources import item_document_id
from shared.repositories.sources import SQL


class Keyed(NamedTuple):
    key: str


class Gone(NamedTuple):
    """How many items a source has, and how many of them its listing no longer has."""

    documents: int
    gone: int


class ItemCounts(NamedTuple):
    """All items, those whose last try failed, and those that the run under way has still to fetch."""

    items: int
    failing: int
    pending: int


@dataclass(frozen=True, slots=True)
class CheckedItem:
    """What is known of an item once it was asked for; `error` and `pause_seconds` when that failed."""

    key: str
    etag: str | None
    last_modified: str | None
    content_hash: str | None
    failures: int = 0
    error: str | None = None
    pause_seconds: float | None = None


async def store_listed(unit: UnitOfWork, source: SourceRow, items: Sequence[ListedItem]) -> None:
    """Items that the run under way has listed, to be fetched unless they are known not to have changed."""
    await unit.send(
        SQL["store_listed"],
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        keys=[item.key for item in items],
        urls=[item.url for item in items],
        document_ids=[item_document_id(source.id, item.key) for item in items],
        titles=[item.title for item in items],
        metadata=[json.dumps(item.metadata) for item in items],
        versions=[item.version for item in items],
    )


async def keep_listed(unit: UnitOfWork, source: SourceRow, *, ask: bool) -> None:
    """The listing has what it had; `ask` whether each item is to be asked for."""
    await unit.send(
        SQL["keep_listed"],
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        listed_run=source.listed_run,
        ask=ask,
    )


async def next_items(unit: UnitOfWork, source: SourceRow, limit: int) -> list[SourceItemRow]:
    """Items that the run under way has still to fetch."""
    return await unit.rows(
        SQL["next_items"],
        SourceItemRow,
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        limit=limit,
    )


async def find_items(unit: UnitOfWork, source: SourceRow, keys: Sequence[str]) -> dict[str, SourceItemRow]:
    """Of these items those that the run under way waits for, by key."""
    found = await unit.rows(
        SQL["find_items"],
        SourceItemRow,
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        keys=list(keys),
    )
    return {item.key: item for item in found}


async def finish_items(unit: UnitOfWork, source: SourceRow, items: Sequence[CheckedItem]) -> set[str]:
    """The run no longer waits for these items; returns the keys of those that it did wait for."""
    finished = await unit.rows(
        SQL["finish_items"],
        Keyed,
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        keys=[item.key for item in items],
        etags=[item.etag for item in items],
        last_modifieds=[item.last_modified for item in items],
        content_hashes=[item.content_hash for item in items],
        failures=[item.failures for item in items],
        errors=[item.error for item in items],
        pauses=[item.pause_seconds for item in items],
    )
    return {item.key for item in finished}


async def count_gone(unit: UnitOfWork, source: SourceRow) -> Gone:
    found = await unit.rows(
        SQL["count_gone"], Gone, collection_id=source.collection_id, id=source.id, run=source.run
    )
    return found[0]


async def find_gone(
    unit: UnitOfWork, source: SourceRow, *, before_run: int, limit: int
) -> list[SourceItemRow]:
    """Items that no listing has had since that run."""
    return await unit.rows(
        SQL["find_gone"],
        SourceItemRow,
        collection_id=source.collection_id,
        id=source.id,
        run=before_run,
        limit=limit,
    )


async def delete_items(unit: UnitOfWork, source: SourceRow, keys: Sequence[str]) -> None:
    await unit.send(SQL["delete_items"], collection_id=source.collection_id, id=source.id, keys=list(keys))


async def list_failing(unit: UnitOfWork, source: SourceRow, limit: int) -> list[SourceItemRow]:
    return await unit.rows(
        SQL["list_failing"], SourceItemRow, collection_id=source.collection_id, id=source.id, limit=limit
    )


async def count_items(unit: UnitOfWork, source: SourceRow) -> ItemCounts:
    found = await unit.rows(SQL["count_items"], ItemCounts, collection_id=source.collection_id, id=source.id)
    return found[0]


async def list_seen(unit: UnitOfWork, source: SourceRow, *, after: str, limit: int) -> list[SourceItemRow]:
    """Items by key that the run under way has seen and of which a document was stored."""
    return await unit.rows(
        SQL["list_seen"],
        SourceItemRow,
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        after=after,
        limit=limit,
    )


async def forget_versions(unit: UnitOfWork, source: SourceRow, keys: Sequence[str]) -> None:
    """Have items fetched whole by the next run, however little they have changed."""
    await unit.send(SQL["forget_versions"], collection_id=source.collection_id, id=source.id, keys=list(keys))
