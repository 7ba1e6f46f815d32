"""Delete items of a source, with their documents."""

from collections.abc import Sequence

from shared.cache.protocol import Cache
from shared.database.rows import SourceItemRow, SourceRow
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.repositories import document_storage, source_items, sources
from shared.repositories.sources import RunCounts
from shared.services.locked_collection import lock_collection

ITEMS_PER_UNIT = 500


async def delete_source_items(
    database: Database,
    cache: Cache,
    principal: Principal,
    collection: str,
    source: SourceRow,
    items: Sequence[SourceItemRow],
) -> int:
    """How many documents there were. All goes in one unit of work; items count in the source's last run.

    Raises CollectionNotFound.
    """
    async with database.unit_of_work(principal) as unit:
        found = await lock_collection(unit, collection)
        versions = await document_storage.find_versions(unit, found.id, [item.document_id for item in items])
        if versions:
            numbers = [version.number for version in versions.values()]
            await document_storage.delete(unit, found.id, numbers)
        await source_items.delete_items(unit, source, [item.key for item in items])
        await sources.add_counts(unit, source, RunCounts(deleted=len(items)))
    await cache.invalidate(*scopes_of(found.known_as))
    return len(versions)
