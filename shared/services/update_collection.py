"""Rename a collection, and change its settings, and how its documents become passages."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.chunks import Chunking
from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collection_settings import find_settings, store_settings
from shared.repositories.collections import CountedCollection
from shared.services.locked_collection import lock_collection


async def update_collection(
    database: Database,
    cache: Cache,
    principal: Principal,
    name: str,
    *,
    new_name: str | None = None,
    chunking: Chunking | None = None,
    embedding_template: list[str] | None = None,
    settings: CollectionSettingsChange | None = None,
) -> CountedCollection:
    """Raises CollectionNotFound, CollectionExists; InvalidRequest for more settings than may be stored."""
    current_name = new_name or name
    async with database.unit_of_work(principal) as unit:
        if new_name is not None:
            await lock_collection(unit, name)
            await collections.rename_collection(unit, name, new_name)
        if settings or chunking or embedding_template:
            collection_id = await collections.touch_collection(unit, current_name)
            await collections.choose_passages(unit, collection_id, chunking, embedding_template)
        if settings is not None:
            changed = settings.applied_to(await find_settings(unit, collection_id))
            await store_settings(unit, collection_id, changed)
        updated = await collections.find_counted_collection(unit, current_name)
        known_as = (await collections.find_collection(unit, current_name)).known_as
    await cache.invalidate(*scopes_of({name, *known_as}))
    return updated
