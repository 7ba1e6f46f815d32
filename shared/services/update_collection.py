"""Rename a collection, change its settings, how its documents become passages, and how long they live."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.cache_scopes import scopes_of
from shared.domain.entity_tags import Expected
from shared.domain.new_collections import CollectionChange
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
    change: CollectionChange,
    expected: Expected | None = None,
) -> CountedCollection:
    """Raises PermissionDenied, CollectionNotFound, CollectionExists, PreconditionFailed.

    Raises InvalidRequest for more settings than may be stored.
    """
    current_name = change.name or name
    principal.enter(current_name, field="name")
    async with database.unit_of_work(principal) as unit:
        if change.name is not None:
            unit.concerns(change.name)
            await lock_collection(unit, name)
        if expected is not None:
            found = await collections.find_collection(unit, name)
            expected.refuse_other((await collections.hold_collection(unit, found.name)).updated_at)
        if change.name is not None:
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
    if change.quota is not None:
        await collections.choose_quota(unit, collection_id, change.quota.max_documents)
    if change.settings is not None:
        changed = change.settings.applied_to(await find_settings(unit, collection_id))
        await store_settings(unit, collection_id, changed)
