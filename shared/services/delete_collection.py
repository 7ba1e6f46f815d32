"""Delete a collection: gone at once, purged in batches by maintenance."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.entity_tags import Expected
from shared.domain.principals import Principal
from shared.errors import CollectionInUse
from shared.queues.protocol import MaintainQueue
from shared.repositories import aliases, collections
from shared.services.announce_writes import ask_for_maintenance


async def delete_collection(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    name: str,
    expected: Expected | None = None,
) -> None:
    """Raises CollectionNotFound, also for an alias; CollectionInUse while an alias names it.

    Raises PreconditionFailed unless it is of an `expected` version.
    """
    async with database.unit_of_work(principal) as unit:
        held = await collections.hold_collection(unit, name)
        if used := await aliases.aliases_of(unit, held.id):
            message = f"is what {', '.join(used)} names; give that another collection first, or delete it"
            raise CollectionInUse(details=[{"field": "collection", "message": message}])
        if expected is not None:
            expected.refuse_other(held.updated_at)
        await collections.bury_collection(unit, name)
    await cache.invalidate(*scopes_of([name]))
    await ask_for_maintenance(maintain_queue)
