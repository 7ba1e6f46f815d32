"""Create a collection, in the embedding space of the configured model or in one of its own."""

from shared.cache.protocol import Cache
from shared.database.boundaries import written_before
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.collection_settings import CollectionSettings
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.new_collections import NewCollection
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collection_settings import store_settings
from shared.repositories.collections import CountedCollection


async def create_collection(
    database: Database, cache: Cache, principal: Principal, space: EmbeddingSpace, wanted: NewCollection
) -> CountedCollection:
    """Raises PermissionDenied, CollectionExists, UnknownLanguage.

    Raises InvalidRequest for more settings than may be stored.
    """
    principal.enter(wanted.name, field="name")
    own = wanted.embedding
    if own is not None:
        space = EmbeddingSpace(own.model, own.dimensions)
    if written_before() is not None:
        async with database.unit_of_work(principal) as unit:
            return await collections.find_counted_collection(unit, wanted.name)
    async with database.unit_of_work(principal) as unit:
        unit.concerns(wanted.name, collection=wanted.name)
        collection_id = await collections.insert_collection(
            unit,
            wanted.name,
            wanted.language,
            wanted.chunking,
            wanted.embedding_template,
            space,
            ttl_seconds=wanted.ttl_seconds,
            own_vectors=own is not None,
            max_documents=wanted.max_documents,
        )
        if wanted.settings.model_fields_set:
            await store_settings(unit, collection_id, wanted.settings.applied_to(CollectionSettings()))
        created = await collections.find_counted_collection(unit, wanted.name)
    await cache.invalidate(*scopes_of([wanted.name]))
    return created
