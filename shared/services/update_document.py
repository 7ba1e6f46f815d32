"""Change some parts of a document."""

import asyncio
import json

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.chunks import Chunk
from shared.domain.documents import DocumentChange, DocumentInput, as_input
from shared.domain.entity_tags import Expected
from shared.domain.principals import Principal
from shared.queues.protocol import WriteQueues
from shared.repositories.collections import find_collection
from shared.repositories.documents import StoredDocument, found_document, start_document
from shared.repositories.embedding_jobs import start_given_vector
from shared.services.announce_writes import announce_writes, ask_for_maintenance
from shared.services.gone_documents import remove_gone
from shared.services.index_documents import chunk_changed, hash_documents, index_documents, refuse_vector
from shared.services.locked_collection import lock_collection


async def update_document(
    database: Database,
    cache: Cache,
    queues: WriteQueues,
    principal: Principal,
    collection: str,
    document_id: str,
    change: DocumentChange,
    expected: Expected | None = None,
) -> StoredDocument:
    """The document after the change. The lock comes first, so that two changes of one document add up.

    Raises CollectionNotFound, DocumentNotFound, PreconditionFailed unless it is of an `expected` version, and
    InvalidRequest when the merged metadata is too large, or a vector of other dimensions than the
    collection's.
    """
    chunks = await _chunk_ahead(database, principal, collection, document_id, change)
    async with database.unit_of_work(principal) as unit:
        found = await lock_collection(unit, collection)
        await remove_gone(unit, found.id, found.gone, [document_id])
        document = change.applied_to(await _read(unit, collection, document_id, expected))
        refuse_vector(found, document)
        hashed = hash_documents(found, [document])
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
        document = change.applied_to(await _read(unit, collection, document_id))
    return await asyncio.to_thread(lambda: chunk_changed(found, hash_documents(found, [document]), {}))


async def _read(
    unit: UnitOfWork, collection: str, document_id: str, expected: Expected | None = None
) -> DocumentInput:
    """The document that is stored, with its vector if that came with it.

    Raises DocumentNotFound, and PreconditionFailed unless it is of an `expected` version.
    """
    stored = await start_document(unit, collection, document_id)
    given = await start_given_vector(unit, collection, document_id)
    found = await found_document(stored, document_id)
    if expected is not None:
        expected.refuse_other(found.updated_at)
    document = as_input(found)
    vector = await given.row()
    if vector is None:
        return document
    return document.model_copy(update={"vector": tuple(json.loads(vector.vector))})
