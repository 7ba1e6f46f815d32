"""Embedding jobs: which documents lack vectors, who works on them, and the vectors themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.rows import EmbeddingJobRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.domain.chunks import GIVEN_HASH
from shared.domain.document_writes import VectorWrite, WritePlan
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.embedding_templates import embedded_text

SQL = SqlFile("shared.repositories.sql", "embeddings")
# A document that takes its worker down each time is given up after so many.
MAX_ATTEMPTS = 5

# A collection's id and a document's number.
type DocumentKey = tuple[int, int]


class NamedCollection(NamedTuple):
    name: str


class FailedDocuments(NamedTuple):
    """How many of a collection's documents have failed, and when that was."""

    collection: str
    known_as: list[str]
    collection_id: int
    documents: int
    counted_at: datetime


class StoredVector(NamedTuple):
    """A vector as pgvector writes it, which is a list in JSON."""

    vector: str


class PendingTime(NamedTuple):
    seconds: float


class UnembeddedChunk(NamedTuple):
    """A chunk without a vector, and the embedding space it needs one in."""

    collection_id: int
    chunk_id: int
    document_number: int
    embedded_text: str
    model: str
    dimensions: int
    space_id: int


class UnembeddedSpan(NamedTuple):
    """A chunk without a vector as it is read; the first one of a document brings body and metadata."""

    collection_id: int
    chunk_id: int
    document_number: int
    span_start: int
    span_end: int
    heading_path: list[str]
    title: str | None
    body: str | None
    metadata: dict[str, Any] | None
    template: list[str]
    model: str
    dimensions: int
    space_id: int


async def request(unit: UnitOfWork, collection_id: int, plan: WritePlan) -> None:
    """Ask for vectors of the plan's newly indexed documents, as far as they need any."""
    await lock(unit, [(collection_id, number) for number in plan.retired_numbers])
    wanted = plan.to_embed
    needless = {entry.number for entry in plan.indexed} - {entry.number for entry in wanted}
    if needless:
        await withdraw(unit, collection_id, sorted(needless))
    if wanted:
        await unit.send(
            SQL["request_embedding"],
            collection_id=collection_id,
            document_numbers=[entry.number for entry in wanted],
            index_numbers=[entry.index_number for entry in wanted],
        )


async def retry_failed(unit: UnitOfWork, collection_id: int, ids: Sequence[str]) -> list[EmbeddingJobRow]:
    """Give failed documents a new start; returns their jobs."""
    return await unit.rows(SQL["retry_failed"], EmbeddingJobRow, collection_id=collection_id, ids=list(ids))


async def count_failed(unit: UnitOfWork, collection: str | None) -> list[FailedDocuments]:
    """The collections that have failed documents, by name; or that one, if it has some."""
    return await unit.rows(SQL["count_failed"], FailedDocuments, collection=collection)


async def restart_failed(
    unit: UnitOfWork, collection_id: int, *, before: datetime, limit: int
) -> list[EmbeddingJobRow]:
    """Give up to `limit` failed documents that were asked for before that time a new start."""
    return await unit.rows(
        SQL["restart_failed"], EmbeddingJobRow, collection_id=collection_id, before=before, limit=limit
    )


async def withdraw(unit: UnitOfWork, collection_id: int, document_numbers: Sequence[int]) -> None:
    await lock(unit, [(collection_id, number) for number in document_numbers])
    await unit.send(
        SQL["withdraw_embedding"],
        collection_id=collection_id,
        document_numbers=list(document_numbers),
    )


async def claim(
    unit: UnitOfWork,
    *,
    collection_id: int | None,
    document_numbers: Sequence[int] | None,
    retried: bool,
    limit: int,
    lease_seconds: float,
    max_attempts: int,
    waited_for: str,
) -> list[EmbeddingJobRow]:
    """Take up to `limit` pending jobs that nobody holds, oldest first.

    A job that was told to wait for something waits no more. `retried` asks for those that a worker took and
    never gave back, the least tried first; else for others.
    """
    return await unit.rows(
        SQL["claim_jobs"],
        EmbeddingJobRow,
        collection_id=collection_id,
        document_numbers=None if document_numbers is None else list(document_numbers),
        retried=retried,
        limit=limit,
        lease_seconds=lease_seconds,
        max_attempts=max_attempts,
        waited_for=waited_for,
    )


async def note_waiting(
    unit: UnitOfWork, waits_for: str, asked: EmbedRequest | None, *, limit: int
) -> list[EmbeddingJobRow]:
    """Tell of up to `limit` pending jobs what they wait for; returns those of which it was not told yet."""
    return await unit.rows(
        SQL["note_waiting"],
        EmbeddingJobRow,
        waits_for=waits_for,
        collection_id=asked.collection_id if asked else None,
        document_numbers=list(asked.document_numbers) if asked else None,
        limit=limit,
    )


async def find_unembedded(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> list[UnembeddedChunk]:
    """The chunks without a vector, those of one document together and in order."""
    spans = await unit.rows(
        SQL["find_unembedded_chunks"],
        UnembeddedSpan,
        collection_ids=[claim.collection_id for claim in claims],
        document_numbers=[claim.document_number for claim in claims],
    )
    return read_spans(spans)


def read_spans(spans: Sequence[UnembeddedSpan]) -> list[UnembeddedChunk]:
    """The chunks with their texts, cut from the bodies that the first of each document brings."""
    chunks = []
    body: str = ""
    metadata: dict[str, Any] = {}
    for span in spans:
        if span.body is not None:
            body, metadata = span.body, span.metadata or {}
        chunks.append(
            UnembeddedChunk(
                collection_id=span.collection_id,
                chunk_id=span.chunk_id,
                document_number=span.document_number,
                embedded_text=embedded_text(
                    span.template,
                    span.title,
                    span.heading_path,
                    body[span.span_start : span.span_end],
                    metadata,
                ),
                model=span.model,
                dimensions=span.dimensions,
                space_id=span.space_id,
            )
        )
    return chunks


async def lock(unit: UnitOfWork, documents: Iterable[DocumentKey]) -> None:
    """Keep others from these documents' jobs for this unit of work, in an order that cannot deadlock."""
    ordered = sorted(set(documents))
    if not ordered:
        return
    await unit.send(
        SQL["lock_jobs"],
        collection_ids=[collection_id for collection_id, _ in ordered],
        document_numbers=[number for _, number in ordered],
    )


async def fail_exhausted(unit: UnitOfWork, max_attempts: int) -> list[EmbeddingJobRow]:
    """Fail the documents that were claimed too often without an outcome; returns their jobs."""
    return await unit.rows(SQL["fail_exhausted"], EmbeddingJobRow, max_attempts=max_attempts)


async def start_oldest_pending(unit: UnitOfWork) -> Pending[PendingTime]:
    return await unit.start(SQL["oldest_pending"], PendingTime)


async def seconds_pending(oldest: Pending[PendingTime]) -> float:
    """For how long the document has waited that has waited longest; 0 when none waits."""
    return sum(waiting.seconds for waiting in await oldest.rows())


async def start_names(unit: UnitOfWork, collection_ids: Iterable[int]) -> Pending[NamedCollection]:
    """The present names and aliases of collections, as caches know them."""
    ids = sorted(set(collection_ids))
    return await unit.start(SQL["name_collections"], NamedCollection, collection_ids=ids)


async def insert_vectors(
    unit: UnitOfWork, chunks: Sequence[UnembeddedChunk], vectors: Sequence[Sequence[float]]
) -> None:
    """Store one vector per chunk; a chunk that is gone by now is passed over."""
    await unit.send(
        SQL["insert_embeddings"],
        space_ids=[chunk.space_id for chunk in chunks],
        collection_ids=[chunk.collection_id for chunk in chunks],
        chunk_ids=[chunk.chunk_id for chunk in chunks],
        vectors=[vector_text(vector) for vector in vectors],
    )


async def give_vectors(unit: UnitOfWork, collection_id: int, vectors: Sequence[VectorWrite]) -> None:
    """Store the vectors that came with documents, in the place of those that their chunks have."""
    given = {
        "collection_id": collection_id,
        "document_numbers": [write.document_number for write in vectors],
        "vectors": [vector_text(write.vector) for write in vectors],
    }
    are_new_texts = [write.is_new_text for write in vectors]
    await unit.send(SQL["forget_vectors"], **given, are_new_texts=are_new_texts)
    await unit.send(SQL["give_vectors"], **given)


async def start_given_vector(unit: UnitOfWork, collection: str, document_id: str) -> Pending[StoredVector]:
    """No row for a document whose vector did not come with it, and for none."""
    return await unit.start(
        SQL["find_given_vector"], StoredVector, collection=collection, id=document_id, given_hash=GIVEN_HASH
    )


async def complete(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> None:
    """The documents are ready, unless the claims have ended or their text has changed since."""
    await unit.send(SQL["complete_jobs"], **_keys(claims))


async def release(
    unit: UnitOfWork,
    claims: Sequence[EmbeddingJobRow],
    *,
    error: str | None,
    final: bool,
) -> None:
    """Give claims back: to be tried again, or as failed when that cannot help."""
    await lock(unit, map(document_key, claims))
    await unit.send(SQL["release_jobs"], error=error, final=final, **_keys(claims))


def vector_text(vector: Sequence[float]) -> str:
    """pgvector's input form. Six digits are more than a half-precision number holds."""
    return f"[{','.join(f'{number:.6g}' for number in vector)}]"


def document_key(item: EmbeddingJobRow | UnembeddedChunk) -> DocumentKey:
    return item.collection_id, item.document_number


def _keys(claims: Sequence[EmbeddingJobRow]) -> dict[str, object]:
    return {
        "collection_ids": [claim.collection_id for claim in claims],
        "document_numbers": [claim.document_number for claim in claims],
        "claims": [claim.claimed_until for claim in claims],
    }
