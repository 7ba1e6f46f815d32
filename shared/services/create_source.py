"""Create a source, and begin its first refresh."""

import secrets

from shared.database.boundaries import written_before
from shared.database.rows import SourceRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.sources import SourceDefinition
from shared.queues.fetch_queue import FetchQueue
from shared.repositories import sources
from shared.repositories.collections import find_collection
from shared.services.refresh_sources import refresh_source


async def create_source(
    database: Database,
    queue: FetchQueue,
    principal: Principal,
    collection: str,
    definition: SourceDefinition,
) -> SourceRow:
    """Raises CollectionNotFound, SourceExists."""
    made_before = written_before()
    source_id = made_before or definition.id or f"{definition.kind.value}-{secrets.token_hex(6)}"
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        unit.concerns(source_id)
        if made_before is None:
            created = await sources.insert_source(unit, found.id, source_id, definition)
        else:
            created = await sources.find_source(unit, found.id, source_id)
    await refresh_source(database, queue, principal, created)
    async with database.unit_of_work(principal) as unit:
        return await sources.find_source(unit, created.collection_id, created.id)
