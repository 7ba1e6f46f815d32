"""Delete every document that a filter selects."""

import time

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.querying.filters import parse_filter
from shared.queues.protocol import MaintainQueue
from shared.repositories import document_storage
from shared.repositories.document_lists import match_documents
from shared.repositories.documents import list_metadata_fields
from shared.services.announce_writes import ask_for_maintenance
from shared.services.known_fields import refuse_unknown_fields
from shared.services.locked_collection import lock_collection

DOCUMENTS_PER_UNIT = 1_000
# Stops before API Gateway gives up on the answer, at 30 seconds.
TIME_BUDGET_SECONDS = 20.0


async def delete_documents_by_filter(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    filter_text: str,
    *,
    time_budget_seconds: float = TIME_BUDGET_SECONDS,
) -> tuple[int, bool]:
    """How many were deleted, and whether that was all; if not, the same call goes on.

    Raises CollectionNotFound, InvalidFilter, UnknownField.
    """
    tree = parse_filter(filter_text)
    deadline = time.monotonic() + time_budget_seconds
    deleted = 0
    complete = False
    while not complete and (deleted == 0 or time.monotonic() < deadline):
        async with database.unit_of_work(principal) as unit:
            found = await lock_collection(unit, collection)
            refuse_unknown_fields(tree, await list_metadata_fields(unit, collection))
            numbers = await match_documents(unit, found.id, tree, DOCUMENTS_PER_UNIT)
            if numbers:
                await document_storage.delete(unit, found.id, numbers)
        deleted += len(numbers)
        complete = len(numbers) < DOCUMENTS_PER_UNIT
        if numbers:
            await cache.invalidate(*scopes_of(found.known_as))
    if deleted:
        await ask_for_maintenance(maintain_queue)
    return deleted, complete
