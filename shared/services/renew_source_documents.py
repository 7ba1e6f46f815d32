"""Documents of a source whose listing still has them expire as if they were written again as they are."""

import time

from shared.cache.protocol import Cache
from shared.database.rows import SourceRow
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.repositories import document_storage, source_items
from shared.repositories.collections import find_collection
from shared.services.locked_collection import lock_collection

ITEMS_PER_UNIT = 500


async def renew_source_documents(
    database: Database,
    cache: Cache,
    principal: Principal,
    collection: str,
    source: SourceRow,
    *,
    deadline: float,
) -> bool:
    """Those that the run under way has seen, of a collection with a ttl; False when time ran out first.

    Items whose documents have expired in the meantime are fetched anew by the next run.
    Raises CollectionNotFound.
    """
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
    last = ""
    while found.ttl_seconds is not None:
        if time.monotonic() > deadline:
            return False
        async with database.unit_of_work(principal) as unit:
            found = await lock_collection(unit, collection)
            items = await source_items.list_seen(unit, source, after=last, limit=ITEMS_PER_UNIT)
            ids = [item.document_id for item in items]
            versions = await document_storage.find_versions(unit, found.id, ids)
            numbers = [version.number for version in versions.values()]
            await document_storage.renew_expiry(unit, found, numbers)
            lost = [item.key for item in items if item.document_id not in versions]
            await source_items.forget_versions(unit, source, lost)
        if not items:
            break
        last = items[-1].key
        await cache.invalidate(*scopes_of(found.known_as))
    return True
