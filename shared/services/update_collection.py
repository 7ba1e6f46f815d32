"""Rename a collection, change its settings, how its documents become passages, and how long they live."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.cache_scopes import scopes_of
from shared.domain.new_collections import CollectionChange
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collection_settings import find_settings, store_settings
from shared.repositories.collections import CountedCollection
from shared.services.locked_collection import lock_collection


async def update_collection(
    database: Database, cache: Cache, principal: Principal, name: str, change: CollectionChange
) -> CountedCollection:
    """Raises CollectionNotFound, CollectionExists; InvalidRequest for more settings than may be stored."""
    current_name = change.name or name
    async with database.unit_of_work(principal) as unit:
        if change.name is not None:
            await lock_collection(unit, name)
            await collections.rename_collection(unit, name, change.name)
        if change != CollectionChange(name=change.name):
            collection_id = await collections.touch_collection(unit, current_name)
            await _store(unit, collection_id, change)
        updated = await collections.find_counted_collection(unit, current_name)
        known_as = (await collections.find_collection(unit, current_name)).known_as
    await cache.invalidate(*scopes_of({name, *known_as}))
    return updated


async def _store(unit: UnitOfWork, collection_id: int, change: CollectionChange) -> None:
    await collections.choose_passages(unit, collection_id, change.chunking, change.embedding_template)
    if change.ttl is not None:
        await collections.choose_ttl(unit, collection_id, change.ttl.seconds)
    if change.settings is not None:
        changed = change.settings.applied_to(await find_settings(unit, collection_id))
        await store_settings(unit, collection_id, changed)
