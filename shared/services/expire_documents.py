"""Remove the documents whose time has come. Nobody has seen them since."""

import time
from dataclasses import dataclass

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.errors import ConcordError
from shared.observability import Event, Metric, describe_error, logger, measure
from shared.queues.protocol import MaintainQueue
from shared.repositories import audit, collections, document_lists, document_storage, keyword_index
from shared.services.announce_writes import ask_for_maintenance

DOCUMENTS_PER_UNIT = 1_000


@dataclass(slots=True)
class ExpiryReport:
    """In how many collections documents had expired, how many were removed, and whether those were all."""

    collections: int = 0
    documents: int = 0
    complete: bool = False


async def expire_documents(
    database: Database, cache: Cache, queue: MaintainQueue, principal: Principal, *, deadline: float
) -> ExpiryReport:
    """Work in short units until all are removed or, at `deadline` on the monotonic clock, time is up.

    What is left is the next run's. A document that is written again before its turn comes stays.
    """
    report = ExpiryReport()
    async with database.unit_of_work(principal) as unit:
        due = await document_lists.list_expiring_collections(unit)
    done = []
    for collection_id in due:
        try:
            done.append(await _expire(database, cache, principal, collection_id, report, deadline))
        except ConcordError as error:
            # One collection that cannot be written now must not keep the others from it.
            logger().warning(Event.EXPIRY_FAILED, extra=describe_error(error))
            done.append(False)
    report.collections = len(due)
    report.complete = all(done)
    if report.documents:
        await ask_for_maintenance(queue)
    measure({Metric.EXPIRED_DOCUMENTS: report.documents})
    return report


async def _expire(
    database: Database,
    cache: Cache,
    principal: Principal,
    collection_id: int,
    report: ExpiryReport,
    deadline: float,
) -> bool:
    """Whether nothing that has expired is left in the collection; False when time ran out first."""
    while time.monotonic() < deadline:
        async with database.unit_of_work(principal) as unit:
            await keyword_index.lock(unit, collection_id)
            name = await collections.find_name(unit, collection_id)
            if name is None:
                # Deleted meanwhile, with all its documents.
                return True
            found = await collections.find_collection(unit, name)
            numbers = await document_lists.find_expired(unit, collection_id, DOCUMENTS_PER_UNIT)
            if numbers:
                await audit.append(unit, "documents.expire", collection_id, others=len(numbers))
                await document_storage.delete(unit, collection_id, numbers)
        if not numbers:
            return True
        report.documents += len(numbers)
        await cache.invalidate(*scopes_of(found.known_as))
    return False
