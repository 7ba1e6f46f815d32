"""Store documents by the caller's ids, findable by keyword when this returns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.chunks import Chunk
from shared.domain.document_writes import DocumentVersion, HashedDocument, WritePlan, WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.principals import Principal
from shared.errors import ConcordError, InvalidRequest
from shared.queues.protocol import EmbedQueue, WriteQueues
from shared.repositories import collections
from shared.repositories import document_storage as repository
from shared.repositories.collections import LiveCollection
from shared.services.announce_writes import announce_writes, ask_for_maintenance
from shared.services.index_documents import (
    chunk_changed,
    groups_of,
    hash_documents,
    index_documents,
    refuse_vector,
)

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
    misfits = await _find_misfits(database, principal, collection, documents)
    outcomes: list[UpsertedDocument] = []
    indexed = False
    for group in groups_of(document for document in documents if document.id not in misfits):
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
    stored = iter(outcomes)
    return [misfits.get(document.id) or next(stored) for document in documents]


async def _find_misfits(
    database: Database, principal: Principal, name: str, documents: Sequence[DocumentInput]
) -> dict[str, UpsertedDocument]:
    """Documents whose vectors do not fit the collection, each with its error. Raises CollectionNotFound."""
    with_vectors = [document for document in documents if document.vector is not None]
    misfits: dict[str, UpsertedDocument] = {}
    if with_vectors:
        async with database.unit_of_work(principal) as unit:
            collection = await collections.find_collection(unit, name)
        for document in with_vectors:
            try:
                refuse_vector(collection, document)
            except InvalidRequest as error:
                misfits[document.id] = UpsertedDocument(document.id, None, error)
    return misfits


class FoundGroup(NamedTuple):
    """Documents with distinct ids, their collection, and what is stored of them."""

    collection: LiveCollection
    documents: Sequence[DocumentInput]
    versions: Mapping[str, DocumentVersion]


class PreparedGroup(NamedTuple):
    """Documents that are hashed and, where their text has changed, chunked."""

    collection: LiveCollection
    documents: Sequence[HashedDocument]
    chunks: dict[str, list[Chunk]]


async def store_group(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    name: str,
    documents: Sequence[DocumentInput],
) -> WritePlan:
    """Store documents with distinct ids in one unit of work. Raises CollectionNotFound."""
    found = await find_group(database, principal, name, documents)
    return await store_prepared(database, cache, queue, principal, await prepare_group(found))


async def find_group(
    database: Database, principal: Principal, name: str, documents: Sequence[DocumentInput]
) -> FoundGroup:
    """Look for the collection and for what it has of the documents. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        collection = await collections.find_collection(unit, name)
        versions = await repository.find_versions(
            unit, collection.id, [document.id for document in documents]
        )
    return FoundGroup(collection, documents, versions)


async def prepare_group(found: FoundGroup) -> PreparedGroup:
    """Hash the documents and chunk what has changed, which nothing waits for in the database."""
    if sum(len(document.body) for document in found.documents) < _CHARACTERS_WORTH_A_THREAD:
        return _hash_and_chunk(found)
    return await asyncio.to_thread(_hash_and_chunk, found)


def _hash_and_chunk(found: FoundGroup) -> PreparedGroup:
    hashed = hash_documents(found.collection, found.documents)
    return PreparedGroup(found.collection, hashed, chunk_changed(found.collection, hashed, found.versions))


async def store_prepared(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    prepared: PreparedGroup,
    *,
    within: Callable[[UnitOfWork, WritePlan], Awaitable[None]] | None = None,
) -> WritePlan:
    """Store a group in one unit of work, to which `within` adds what goes with it.

    Others may have written the same documents since they were found. What `within` raises undoes all of it.
    Raises CollectionNotFound.
    """
    collection, documents, chunks = prepared
    async with database.unit_of_work(principal) as unit:
        plan = await index_documents(unit, collection, documents, chunks)
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
