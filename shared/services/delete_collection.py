"""Delete a collection: gone at once, purged in batches by maintenance."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.errors import CollectionInUse
from shared.queues.protocol import MaintainQueue
from shared.repositories import aliases, collections
from shared.services.announce_writes import ask_for_maintenance


async def delete_collection(
    database: Database, cache: Cache, maintain_queue: MaintainQueue, principal: Principal, name: str
) -> None:
    """Raises CollectionNotFound, also for an alias; CollectionInUse while an alias names it."""
    async with database.unit_of_work(principal) as unit:
        collection_id = await collections.hold_collection(unit, name)
        if used := await aliases.aliases_of(unit, collection_id):
            message = f"is what {', '.join(used)} names; give that another collection first, or delete it"
            raise CollectionInUse(details=[{"field": "collection", "message": message}])
        await collections.bury_collection(unit, name)
    await cache.invalidate(*scopes_of([name]))
    await ask_for_maintenance(maintain_queue)
