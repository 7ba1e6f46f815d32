"""Put documents with their chunks, postings and jobs into units of work."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from shared.chunking.bodies import chunk_document
from shared.database.units_of_work import UnitOfWork
from shared.domain.chunks import Chunk, Chunking
from shared.domain.document_writes import (
    DocumentVersion,
    HashedDocument,
    WritePlan,
    WriteStatus,
    plan_writes,
)
from shared.domain.documents import DocumentInput, hash_document
from shared.domain.embedding_spaces import refuse_dimensions
from shared.errors import InvalidRequest
from shared.repositories import document_storage as repository
from shared.repositories.collections import LiveCollection
from shared.repositories.embedding_jobs import retry_failed
from shared.services.locked_documents import lock_and_find_shown

# One unit of work takes this much at most, so that writers of a collection wait for each other briefly.
DOCUMENTS_PER_UNIT = 500
CHARACTERS_PER_UNIT = 1_000_000


class Chunked(Protocol):
    """A collection, as far as it says how documents become passages."""

    @property
    def chunking(self) -> str: ...

    @property
    def embedding_template(self) -> list[str]: ...


def hash_documents(collection: Chunked, documents: Sequence[DocumentInput]) -> list[HashedDocument]:
    """The documents as they are told apart in this collection."""
    chunking = Chunking(collection.chunking)
    return [
        HashedDocument(document, hash_document(document, chunking, collection.embedding_template))
        for document in documents
    ]


def refuse_vector(collection: LiveCollection, document: DocumentInput) -> None:
    """Raises InvalidRequest for a vector of other dimensions than the collection's."""
    try:
        refuse_dimensions(document.vector, collection.dimensions)
    except ValueError as error:
        raise InvalidRequest(details=[{"field": "vector", "message": str(error)}]) from None


def chunk_changed(
    collection: Chunked,
    documents: Sequence[HashedDocument],
    versions: Mapping[str, DocumentVersion],
) -> dict[str, list[Chunk]]:
    """Chunks of the documents whose text differs from the version stored."""
    chunks = {}
    for document, hashes in documents:
        version = versions.get(document.id)
        if version is None or version.text_hash != hashes.text:
            chunks[document.id] = chunk_document(document, Chunking(collection.chunking))
    return chunks


async def index_documents(
    unit: UnitOfWork,
    collection: LiveCollection,
    documents: Sequence[HashedDocument],
    chunks: dict[str, list[Chunk]],
) -> WritePlan:
    """Write what changes, under the collection's lock; `chunks` may have been made before it was taken."""
    ids = [entry.document.id for entry in documents]
    unit.concerns(*ids)
    stored = await lock_and_find_shown(unit, collection.id, ids)
    # What somebody else wrote in between may need chunks that looked unnecessary.
    missing = [entry for entry in documents if entry.document.id not in chunks]
    plan = plan_writes(
        documents,
        {**chunks, **chunk_changed(collection, missing, stored.versions)},
        stored.versions,
        stored.chunks,
        stored.last,
        collection.embedding_template,
        stored.room,
    )
    plan.embeds = not collection.own_vectors
    unchanged = [
        stored.versions[id_] for id_, status in plan.statuses.items() if status == WriteStatus.UNCHANGED
    ]
    own_time = {entry.document.id for entry in documents if entry.document.expires_at is not None}
    plan.renewed_numbers.extend(
        version.number
        for version in unchanged
        if version.expires_by_ttl or (collection.ttl_seconds is not None and version.id not in own_time)
    )
    await repository.write(unit, collection, plan)
    if len(plan.indexed) < len(documents):
        retried = await retry_failed(unit, collection.id, ids)
        plan.retried_numbers.extend(job.document_number for job in retried)
    written = {*plan.renewed_numbers, *plan.retried_numbers}
    refused = {id_ for id_, status in plan.statuses.items() if status is WriteStatus.REFUSED}
    plan.unwritten_ids = refused | {version.id for version in unchanged if version.number not in written}
    return plan


class Storable(Protocol):
    """A document, as far as its group depends on it."""

    @property
    def id(self) -> str: ...

    @property
    def body(self) -> str: ...


def groups_of[Document: Storable](documents: Iterable[Document]) -> Iterator[list[Document]]:
    """The documents in their order. Ids are distinct within a group; one that comes again begins another."""
    group: dict[str, Document] = {}
    characters = 0
    for document in documents:
        size = len(document.body)
        is_full = len(group) == DOCUMENTS_PER_UNIT or characters + size > CHARACTERS_PER_UNIT
        if group and (is_full or document.id in group):
            yield list(group.values())
            group, characters = {}, 0
        group[document.id] = document
        characters += size
    if group:
        yield list(group.values())
