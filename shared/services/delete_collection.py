"""Delete a collection: gone at once, purged in batches by maintenance."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import COLLECTIONS, collection_scope
from shared.domain.principals import Principal
from shared.queues.protocol import MaintainQueue
from shared.repositories import collections
from shared.services.announce_writes import ask_for_maintenance


async def delete_collection(
    database: Database, cache: Cache, maintain_queue: MaintainQueue, principal: Principal, name: str
) -> None:
    """Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        await collections.bury_collection(unit, name)
    await cache.invalidate(COLLECTIONS, collection_scope(name))
    await ask_for_maintenance(maintain_queue)
