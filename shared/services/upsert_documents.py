"""Store documents by the caller's ids, findable by keyword when this returns."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from shared.cache.protocol import Cache
from shared.database.boundaries import WriteRequest, beside_the_write, current_write
from shared.database.shared_turns import turns_of
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.chunks import Chunk
from shared.domain.document_writes import DocumentVersion, HashedDocument, WritePlan, WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.principals import Principal
from shared.errors import ConcordError, InvalidRequest, QuotaExceeded
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
from shared.services.shared_writes import DOCUMENTS_PER_TURN, fit_one_turn, may_share

# Below this, handing the work to a thread takes longer than the work.
_CHARACTERS_WORTH_A_THREAD = 20_000
# So little text is chunked while the collection is locked, which takes less time than to look for what is
# stored of it beforehand, in a unit of work of its own.
CHARACTERS_PER_TURN = 40_000


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
    to_maintain = False
    for group in groups_of(document for document in documents if document.id not in misfits):
        try:
            stored = await _store_group(database, cache, queues.embed, principal, collection, group)
        except ConcordError as error:
            if not outcomes:
                raise
            outcomes.extend(UpsertedDocument(document.id, None, error) for document in group)
        else:
            outcomes.extend(_outcome(document.id, stored.statuses[document.id]) for document in group)
            to_maintain = to_maintain or stored.to_maintain
    if to_maintain:
        await ask_for_maintenance(queues.maintain)
    remaining = iter(outcomes)
    return [misfits.get(document.id) or next(remaining) for document in documents]


def _outcome(document_id: str, status: WriteStatus) -> UpsertedDocument:
    if status is WriteStatus.REFUSED:
        return UpsertedDocument(document_id, None, QuotaExceeded())
    return UpsertedDocument(document_id, status)


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


class RequestedGroup(NamedTuple):
    """Documents with distinct ids, and the request that wants them stored."""

    documents: Sequence[DocumentInput]
    write: WriteRequest | None

    @property
    def ids(self) -> list[str]:
        return [document.id for document in self.documents]

    @property
    def characters(self) -> int:
        return sum(len(document.body) for document in self.documents)


def _fit_one_turn(groups: Sequence[RequestedGroup]) -> bool:
    ids = [id_ for group in groups for id_ in group.ids]
    return fit_one_turn(ids) and sum(group.characters for group in groups) <= CHARACTERS_PER_TURN


class StoredGroup(NamedTuple):
    """By document what became of it; maintenance is to be asked for by one of those who share a turn."""

    statuses: Mapping[str, WriteStatus]
    to_maintain: bool


async def _store_group(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    name: str,
    documents: Sequence[DocumentInput],
) -> StoredGroup:
    """Store documents with distinct ids in one unit of work. Raises CollectionNotFound."""
    group = RequestedGroup(documents, current_write.get())
    store = partial(_store_groups, database, cache, queue, principal, name)
    # Larger ones are prepared while others are at work.
    is_large = group.characters >= _CHARACTERS_WORTH_A_THREAD or len(documents) > DOCUMENTS_PER_TURN
    if is_large or not may_share(group.write):
        return (await store([group]))[0]
    return await turns_of(database).take(("upsert", name, principal), group, store, fit=_fit_one_turn)


async def _store_groups(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    name: str,
    groups: Sequence[RequestedGroup],
) -> list[StoredGroup]:
    """Store what several requests of one caller want stored, in one unit of work."""

    async def record(unit: UnitOfWork, plan: WritePlan) -> None:
        for group in groups:
            if group.write is not None and plan.writes(group.ids):
                await unit.record(group.write, group.ids)

    documents = [document for group in groups for document in group.documents]
    with beside_the_write():
        if sum(group.characters for group in groups) <= CHARACTERS_PER_TURN:
            plan = await _store_at_once(database, cache, queue, principal, name, documents, within=record)
        else:
            prepared = await prepare_group(await find_group(database, principal, name, documents))
            plan = await store_prepared(database, cache, queue, principal, prepared, within=record)
    return [StoredGroup(plan.statuses, bool(plan.indexed) and not place) for place in range(len(groups))]


async def _store_at_once(
    database: Database,
    cache: Cache,
    queue: EmbedQueue,
    principal: Principal,
    name: str,
    documents: Sequence[DocumentInput],
    *,
    within: Callable[[UnitOfWork, WritePlan], Awaitable[None]],
) -> WritePlan:
    """Find, chunk and store a few short documents in one unit of work. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        collection = await collections.find_collection(unit, name)
        plan = await index_documents(unit, collection, hash_documents(collection, documents), {})
        await within(unit, plan)
    await _announce(cache, queue, collection, plan)
    return plan


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
    within: Callable[[UnitOfWork, WritePlan], Awaitable[None]],
) -> WritePlan:
    """Store a group in one unit of work, to which `within` adds what goes with it.

    Others may have written the same documents since they were found. What `within` raises undoes all of it.
    Raises CollectionNotFound.
    """
    collection, documents, chunks = prepared
    async with database.unit_of_work(principal) as unit:
        plan = await index_documents(unit, collection, documents, chunks)
        await within(unit, plan)
    await _announce(cache, queue, collection, plan)
    return plan


async def _announce(cache: Cache, queue: EmbedQueue, collection: LiveCollection, plan: WritePlan) -> None:
    if plan.documents or plan.retried_numbers or plan.renewed_numbers:
        await announce_writes(
            cache,
            queue,
            names=collection.known_as,
            collection_id=collection.id,
            document_numbers=plan.numbers_to_embed,
        )
