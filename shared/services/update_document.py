"""Change some parts of a document."""

import asyncio

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.chunks import Chunk
from shared.domain.documents import DocumentChange, as_input
from shared.domain.principals import Principal
from shared.queues.protocol import WriteQueues
from shared.repositories.collections import find_collection
from shared.repositories.documents import StoredDocument, found_document, start_document
from shared.services.announce_writes import announce_writes, ask_for_maintenance
from shared.services.index_documents import chunk_changed, hash_documents, index_documents
from shared.services.locked_collection import lock_collection


async def update_document(
    database: Database,
    cache: Cache,
    queues: WriteQueues,
    principal: Principal,
    collection: str,
    document_id: str,
    change: DocumentChange,
) -> StoredDocument:
    """The document after the change. The lock comes first, so that two changes of one document add up.

    Raises CollectionNotFound, DocumentNotFound, InvalidRequest when the merged metadata is too large.
    """
    chunks = await _chunk_ahead(database, principal, collection, document_id, change)
    async with database.unit_of_work(principal) as unit:
        found = await lock_collection(unit, collection)
        stored = await start_document(unit, collection, document_id)
        document = as_input(await found_document(stored, document_id))
        hashed = hash_documents(found, [change.applied_to(document)])
        plan = await index_documents(unit, found, hashed, chunks)
        changed = await start_document(unit, collection, document_id)
    updated = await found_document(changed, document_id)
    await announce_writes(
        cache,
        queues.embed,
        names=found.known_as,
        collection_id=found.id,
        document_numbers=plan.numbers_to_embed,
    )
    if plan.indexed:
        await ask_for_maintenance(queues.maintain)
    return updated


async def _chunk_ahead(
    database: Database, principal: Principal, collection: str, document_id: str, change: DocumentChange
) -> dict[str, list[Chunk]]:
    """Chunks of a new body, made before the lock is taken; a body that stays needs none."""
    if change.body is None:
        return {}
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        stored = await found_document(await start_document(unit, collection, document_id), document_id)
    document = change.applied_to(as_input(stored))
    return await asyncio.to_thread(lambda: chunk_changed(found, hash_documents(found, [document]), {}))
