"""Store documents by the caller's ids, findable by keyword when this returns."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.chunks import Chunk
from shared.domain.document_writes import HashedDocument, WritePlan, WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.principals import Principal
from shared.errors import ConcordError
from shared.queues.protocol import EmbedQueue, WriteQueues
from shared.repositories import collections
from shared.repositories import document_storage as repository
from shared.repositories.collections import LiveCollection
from shared.services.announce_writes import announce_writes, ask_for_maintenance
from shared.services.index_documents import chunk_changed, groups_of, hash_documents, index_documents

# Below this, handing the work to a thread takes longer than the work.
_CHARACTERS_WORTH_A_THREAD = 20_000


@dataclass(frozen=True, slots=True)
class UpsertedDocument:
    """What became of one document: a status, or the error that kept it from being stored."""

    id: str
    status: WriteStatus | None
    error: ConcordError | None = None


async def upsert_documents(
    database: Database,
    cache: Cache,
    queues: WriteQueues,
    principal: Principal,
    collection: str,
    documents: Sequence[DocumentInput],
) -> list[UpsertedDocument]:
    """One outcome per document, in order. The documents have distinct ids.

    A group that fails leaves the others as they are; when the first fails, its error is raised.
    Raises CollectionNotFound.
    """
    outcomes: list[UpsertedDocument] = []
    indexed = False
    for group in groups_of(documents):
        try:
            plan = await store_group(database, cache, queues.embed, principal, collection, group)
        except ConcordError as error:
            if not outcomes:
                raise
            outcomes.extend(UpsertedDocument(document.id, None, error) for document in group)
        else:
            outcomes.extend(UpsertedDocument(document.id, plan.statuses[document.id]) for document in group)
            indexed = indexed or bool(plan.indexed)
    if indexed:
        await ask_for_maintenance(queues.maintain)
    return outcomes


async def store_group(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    name: str,
    documents: Sequence[DocumentInput],
    *,
    within: Callable[[UnitOfWork, WritePlan], Awaitable[None]] | None = None,
) -> WritePlan:
    """Store documents with distinct ids in one unit of work, to which `within` adds what goes with them.

    What `within` raises undoes all of it. Raises CollectionNotFound.
    """
    collection, hashed, chunks = await _prepare(database, principal, name, documents)
    async with database.unit_of_work(principal) as unit:
        plan = await index_documents(unit, collection, hashed, chunks)
        if within is not None:
            await within(unit, plan)
    if plan.documents or plan.retried_numbers or plan.renewed_numbers:
        await announce_writes(
            cache,
            queue,
            names=collection.known_as,
            collection_id=collection.id,
            document_numbers=plan.numbers_to_embed,
        )
    return plan


async def _prepare(
    database: Database, principal: Principal, name: str, documents: Sequence[DocumentInput]
) -> tuple[LiveCollection, list[HashedDocument], dict[str, list[Chunk]]]:
    """Find the collection, hash the documents and chunk what has changed, before any lock is taken."""
    async with database.unit_of_work(principal) as unit:
        collection = await collections.find_collection(unit, name)
        versions = await repository.find_versions(
            unit, collection.id, [document.id for document in documents]
        )

    def hash_and_chunk() -> tuple[LiveCollection, list[HashedDocument], dict[str, list[Chunk]]]:
        hashed = hash_documents(collection, documents)
        return collection, hashed, chunk_changed(collection, hashed, versions)

    if sum(len(document.body) for document in documents) < _CHARACTERS_WORTH_A_THREAD:
        return hash_and_chunk()
    return await asyncio.to_thread(hash_and_chunk)
