"""The end of a source's run: what its listing no longer has goes, and the next run is given a time."""

import time

from shared.cache.protocol import Cache
from shared.database.rows import SourceItemRow, SourceRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.sources import (
    MOST_ERROR_CHARACTERS,
    SourceKind,
    SourceState,
    is_too_much,
)
from shared.queues.protocol import MaintainQueue
from shared.repositories import audit, source_items, sources
from shared.repositories.sources import settings_of
from shared.services.announce_writes import ask_for_maintenance
from shared.services.delete_source_items import ITEMS_PER_UNIT, delete_source_items
from shared.services.refresh_sources import fail_run, retry_pause
from shared.services.renew_source_documents import renew_source_documents


async def finish_source_run(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    source: SourceRow,
    *,
    deadline: float,
) -> None:
    """Everything listed has been asked for. Out of time, the lease's end has the rest done."""
    if _deletes(source):
        gone = await _count_gone(database, principal, source)
        if gone < 0:
            return
        while items := await _find_gone(database, principal, source) if gone else []:
            if time.monotonic() > deadline:
                return
            await delete_source_items(database, cache, principal, collection, source, items)
        if gone:
            await ask_for_maintenance(maintain_queue)
    if not await renew_source_documents(database, cache, principal, collection, source, deadline=deadline):
        return
    await _schedule(database, principal, source)


async def fail_source_run(
    database: Database,
    principal: Principal,
    source: SourceRow,
    message: str,
    *,
    retry_after_seconds: float = 0.0,
) -> None:
    """Nothing could be listed: all stays as it is, and the source is tried again later and later."""
    async with database.unit_of_work(principal) as unit:
        await fail_run(unit, source, message, asked=retry_after_seconds)


def _deletes(source: SourceRow) -> bool:
    """Only a whole listing tells what is gone; and a feed only what is new, unless it is said to tell all."""
    if not source.listing_is_whole or source.listed_run != source.run:
        return False
    return source.kind != SourceKind.FEED or settings_of(source).mirror


async def _count_gone(database: Database, principal: Principal, source: SourceRow) -> int:
    """How many items are to be deleted; -1 where that has to be approved first, which ends the run."""
    limit = settings_of(source).deletion_limit_percent
    async with database.unit_of_work(principal) as unit:
        found = await source_items.count_gone(unit, source)
        if found.gone <= source.approved_deletions or not is_too_much(found.gone, found.documents, limit):
            return found.gone
        await sources.finish_run(
            unit,
            source,
            state=SourceState.ASKING,
            failures=0,
            error=f"{found.gone} of {found.documents} documents would be deleted; nothing was. Approve it, or"
            " look at the source.",
            deletions=found.gone,
            pause_seconds=None,
        )
        return -1


async def _find_gone(database: Database, principal: Principal, source: SourceRow) -> list[SourceItemRow]:
    async with database.unit_of_work(principal) as unit:
        return await source_items.find_gone(unit, source, before_run=source.run, limit=ITEMS_PER_UNIT)


async def _schedule(database: Database, principal: Principal, source: SourceRow) -> None:
    async with database.unit_of_work(principal) as unit:
        await audit.append(unit, "sources.refresh", source.collection_id, source.id)
        counts = await source_items.count_items(unit, source)
        failing = counts.items > 0 and counts.failing == counts.items
        failures = source.failures + 1 if failing else 0
        error = None
        if failing:
            (first,) = await source_items.list_failing(unit, source, 1)
            error = f"Nothing of it can be fetched. {first.error}"[:MOST_ERROR_CHARACTERS]
        await sources.finish_run(
            unit,
            source,
            state=SourceState.FAILING if failing else SourceState.ACTIVE,
            failures=failures,
            error=error,
            deletions=0,
            pause_seconds=retry_pause(source, failures) if failing else source.schedule_seconds,
        )
