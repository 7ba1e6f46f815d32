"""Give documents whose embedding has failed a new start."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.queues.protocol import EmbedQueue
from shared.repositories import embedding_jobs as jobs
from shared.repositories.collections import find_collection
from shared.repositories.embedding_jobs import FailedDocuments
from shared.services.announce_writes import announce_writes

DOCUMENTS_PER_UNIT = 1_000


async def count_failed_documents(
    database: Database, principal: Principal, collection: str | None
) -> list[FailedDocuments]:
    """Collections with failed documents, or that one if it has some. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        if collection is not None:
            await find_collection(unit, collection)
        return await jobs.count_failed(unit, collection)


async def retry_failed_documents(
    database: Database, cache: Cache, queue: EmbedQueue, principal: Principal, collection: str | None
) -> dict[str, int]:
    """How many documents wait for their vectors again, by collection. Raises CollectionNotFound.

    Those that fail again meanwhile are left for the next call.
    """
    retried = {}
    for failed in await count_failed_documents(database, principal, collection):
        total = 0
        complete = False
        while not complete:
            async with database.unit_of_work(principal) as unit:
                restarted = await jobs.restart_failed(
                    unit, failed.collection_id, before=failed.counted_at, limit=DOCUMENTS_PER_UNIT
                )
            complete = len(restarted) < DOCUMENTS_PER_UNIT
            await announce_writes(
                cache,
                queue,
                names=failed.known_as,
                collection_id=failed.collection_id,
                document_numbers=[job.document_number for job in restarted],
            )
            total += len(restarted)
        retried[failed.collection] = total
    return retried
