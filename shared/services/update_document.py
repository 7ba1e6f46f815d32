"""Change some parts of a document."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.documents import DocumentChange, DocumentInput
from shared.domain.principals import Principal
from shared.queues.protocol import EmbedQueue
from shared.repositories import collections, keyword_index
from shared.repositories import documents as repository
from shared.repositories.documents import StoredDocument
from shared.services.announce_writes import announce_writes
from shared.services.index_documents import index_documents


async def update_document(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    collection: str,
    document_id: str,
    change: DocumentChange,
) -> StoredDocument:
    """The document after the change. The lock comes first, so that two changes of one document add up.

    Raises CollectionNotFound, DocumentNotFound, InvalidRequest when the merged metadata is too large.
    """
    async with database.unit_of_work(principal) as unit:
        found = await collections.find_collection(unit, collection)
        await keyword_index.lock(unit, found.id)
        stored = await repository.found_document(
            await repository.start_document(unit, collection, document_id), document_id
        )
        # What is stored was checked when it came in; the numbers of its metadata may be longer by now.
        document = DocumentInput.model_construct(
            id=stored.id,
            title=stored.title,
            body=stored.body,
            url=stored.url,
            metadata=stored.metadata,
        )
        plan = await index_documents(unit, found, [change.applied_to(document)], {})
        changed = await repository.start_document(unit, collection, document_id)
    updated = await repository.found_document(changed, document_id)
    await announce_writes(
        cache,
        queue,
        collection=collection,
        collection_id=found.id,
        document_numbers=[entry.number for entry in plan.indexed],
    )
    return updated
