"""Embedding jobs: which documents lack vectors, who works on them, and the vectors themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.database.rows import EmbeddingJobRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.document_writes import WritePlan

SQL = SqlFile("shared.repositories.sql", "embeddings")


@dataclass(frozen=True, slots=True)
class FailedJob:
    document_number: int


@dataclass(frozen=True, slots=True)
class UnembeddedChunk:
    """A chunk without a vector, and the embedding space it needs one in."""

    collection_id: int
    chunk_id: int
    document_number: int
    heading_path: list[str]
    title: str | None
    text: str
    collection: str
    model: str
    dimensions: int


@dataclass(frozen=True, slots=True)
class UnembeddedSpan:
    """A chunk without a vector as it is read; the first one of a document brings the body."""

    collection_id: int
    chunk_id: int
    document_number: int
    span_start: int
    span_end: int
    heading_path: list[str]
    title: str | None
    body: str | None
    collection: str
    model: str
    dimensions: int


async def request(unit: UnitOfWork, collection_id: int, plan: WritePlan) -> None:
    """Ask for vectors of the plan's newly indexed documents; those without chunks need none."""
    with_chunks = {write.document_number for write in plan.chunks}
    empty = [entry.number for entry in plan.indexed if entry.number not in with_chunks]
    if empty:
        await withdraw(unit, collection_id, empty)
    wanted = [entry for entry in plan.indexed if entry.number in with_chunks]
    if wanted:
        await unit.send(
            SQL["request_embedding"],
            collection_id=collection_id,
            document_numbers=[entry.number for entry in wanted],
            index_numbers=[entry.index_number for entry in wanted],
        )


async def withdraw(unit: UnitOfWork, collection_id: int, document_numbers: Sequence[int]) -> None:
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
    limit: int,
    lease_seconds: float,
    max_attempts: int,
) -> list[EmbeddingJobRow]:
    """Take up to `limit` pending jobs that nobody holds, oldest first."""
    return await unit.rows(
        SQL["claim_jobs"],
        EmbeddingJobRow,
        collection_id=collection_id,
        document_numbers=None if document_numbers is None else list(document_numbers),
        limit=limit,
        lease_seconds=lease_seconds,
        max_attempts=max_attempts,
    )


async def find_unembedded(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> list[UnembeddedChunk]:
    """The chunks without a vector, those of one document together and in order."""
    spans = await unit.rows(
        SQL["find_unembedded_chunks"],
        UnembeddedSpan,
        collection_ids=[claim.collection_id for claim in claims],
        document_numbers=[claim.document_number for claim in claims],
    )
    chunks = []
    body = ""
    for span in spans:
        body = body if span.body is None else span.body
        chunks.append(
            UnembeddedChunk(
                collection_id=span.collection_id,
                chunk_id=span.chunk_id,
                document_number=span.document_number,
                heading_path=span.heading_path,
                title=span.title,
                text=body[span.span_start : span.span_end],
                collection=span.collection,
                model=span.model,
                dimensions=span.dimensions,
            )
        )
    return chunks


async def lock(
    unit: UnitOfWork, chunks: Sequence[UnembeddedChunk], claims: Sequence[EmbeddingJobRow]
) -> None:
    """Keep the writers of these documents out until the vectors are stored."""
    of_chunks = {(chunk.collection_id, chunk.document_number) for chunk in chunks}
    ordered = sorted(of_chunks | {(claim.collection_id, claim.document_number) for claim in claims})
    await unit.send(
        SQL["lock_jobs"],
        collection_ids=[collection_id for collection_id, _ in ordered],
        document_numbers=[number for _, number in ordered],
    )


async def fail_exhausted(unit: UnitOfWork, max_attempts: int) -> int:
    """Fail the documents that were claimed too often without an outcome; returns how many."""
    failed = await unit.rows(SQL["fail_exhausted"], FailedJob, max_attempts=max_attempts)
    return len(failed)


async def insert_vectors(
    unit: UnitOfWork, chunks: Sequence[UnembeddedChunk], vectors: Sequence[Sequence[float]]
) -> None:
    """Store one vector per chunk; a chunk that is gone by now is passed over."""
    await unit.send(
        SQL["insert_embeddings"],
        collection_ids=[chunk.collection_id for chunk in chunks],
        chunk_ids=[chunk.chunk_id for chunk in chunks],
        vectors=[vector_text(vector) for vector in vectors],
    )


async def complete(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> None:
    """The documents are ready, unless their text has changed since they were claimed."""
    await unit.send(SQL["complete_jobs"], **_keys(claims))


async def release(
    unit: UnitOfWork,
    claims: Sequence[EmbeddingJobRow],
    *,
    error: str | None,
    final: bool,
    max_attempts: int,
) -> None:
    """Give claims back: to be tried again, or as failed when that cannot help or was done enough."""
    await unit.send(
        SQL["release_jobs"],
        error=error,
        final=final,
        max_attempts=max_attempts,
        **_keys(claims),
    )


def vector_text(vector: Sequence[float]) -> str:
    """pgvector's input form. Six digits are more than a half-precision number holds."""
    return f"[{','.join(f'{number:.6g}' for number in vector)}]"


def _keys(claims: Sequence[EmbeddingJobRow]) -> dict[str, list[int]]:
    return {
        "collection_ids": [claim.collection_id for claim in claims],
        "document_numbers": [claim.document_number for claim in claims],
        "index_numbers": [claim.index_number for claim in claims],
    }
