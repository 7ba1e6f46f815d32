"""Rename a collection."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import COLLECTIONS, collection_scope
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collections import CountedCollection
from shared.services.locked_collection import lock_collection


async def update_collection(
    database: Database, cache: Cache, principal: Principal, name: str, *, new_name: str
) -> CountedCollection:
    """Raises CollectionNotFound, CollectionExists."""
    async with database.unit_of_work(principal) as unit:
        await lock_collection(unit, name)
        await collections.rename_collection(unit, name, new_name)
        renamed = await collections.find_counted_collection(unit, new_name)
    await cache.invalidate(COLLECTIONS, collection_scope(name), collection_scope(new_name))
    return renamed
