"""Delete a source, with its documents or without."""

import time

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.queues.protocol import MaintainQueue
from shared.repositories import source_items, sources
from shared.repositories.collections import find_collection
from shared.services.announce_writes import ask_for_maintenance
from shared.services.delete_source_items import ITEMS_PER_UNIT, delete_source_items

# Stops before API Gateway gives up on the answer, at 30 seconds.
TIME_BUDGET_SECONDS = 20.0


async def delete_source(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    source_id: str,
    *,
    keep_documents: bool,
    time_budget_seconds: float = TIME_BUDGET_SECONDS,
) -> tuple[int, bool]:
    """How many documents were deleted, and whether that was all; if not, the same call goes on.

    The source stops at once, and is deleted last. Raises CollectionNotFound, SourceNotFound.
    """
    deadline = time.monotonic() + time_budget_seconds
    deleted = 0
    is_first = True
    while True:
        async with database.unit_of_work(principal) as unit:
            found = await find_collection(unit, collection)
            source = await sources.stop_source(unit, found.id, source_id)
            items = await source_items.find_gone(
                unit, source, before_run=source.run + 1, limit=ITEMS_PER_UNIT
            )
            if keep_documents or not items:
                await sources.delete_source(unit, source)
                break
        if not is_first and time.monotonic() > deadline:
            return deleted, False
        deleted += await delete_source_items(database, cache, principal, collection, source, items)
        is_first = False
    if deleted:
        await ask_for_maintenance(maintain_queue)
    return deleted, True
