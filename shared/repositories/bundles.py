"""Collections as they go into bundles, and documents as they come out of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.database.rows import DocumentRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.bundles import BundleDocument
from shared.domain.deletions import Gone
from shared.errors import CollectionNotFound
from shared.repositories.embedding_jobs import vector_text

SQL = SqlFile("shared.repositories.sql", "bundles")


class ExportedCollection(NamedTuple):
    """A collection with all that is set for it, and its embedding space."""

    id: int
    name: str
    language: str
    chunking: str
    embedding_template: list[str]
    model: str
    dimensions: int
    settings: dict[str, Any]
    ttl_seconds: int | None
    own_vectors: bool
    # What shared.services.gone_documents reads.
    gone: dict[str, Any] | None


class ExportedVector(NamedTuple):
    """A chunk's vector as a bundle has it."""

    document_number: int
    hash: str
    vector: str


class RestoredVector(NamedTuple):
    """The vector of the chunks of a document that were made of the text of that hash."""

    id: str
    hash: bytes
    vector: tuple[float, ...]


class _Answer(NamedTuple):
    answer: bool


async def find_exported(unit: UnitOfWork, collection_id: int) -> ExportedCollection:
    """Raises CollectionNotFound."""
    found = await unit.row(SQL["find_exported_collection"], ExportedCollection, collection_id=collection_id)
    if found is None:
        raise CollectionNotFound
    return found


async def list_exported(
    unit: UnitOfWork, collection_id: int, gone: Gone, *, after: int, until: int, limit: int, room: int
) -> list[DocumentRow]:
    """Documents by number, after `after` and up to `until`, until their bodies have passed `room` bytes."""
    # Whoever builds bundles starts before there is one to build.
    from shared.repositories.filters import shown_sql  # noqa: PLC0415

    shown = shown_sql(gone)
    return await unit.rows(
        SQL["list_exported_documents"].with_slot("shown", shown.text),
        DocumentRow,
        collection_id=collection_id,
        after=after,
        until=until,
        limit=limit,
        room=room,
        **shown.parameters,
    )


async def list_vectors(
    unit: UnitOfWork, collection_id: int, document_numbers: Sequence[int]
) -> list[ExportedVector]:
    """The vectors of these documents' chunks, those of a document together."""
    return await unit.rows(
        SQL["list_exported_vectors"],
        ExportedVector,
        collection_id=collection_id,
        document_numbers=list(document_numbers),
    )


async def has_documents(unit: UnitOfWork, collection_id: int) -> bool:
    found = await unit.rows(SQL["has_documents"], _Answer, collection_id=collection_id)
    return found[0].answer


async def restore_times(unit: UnitOfWork, collection_id: int, documents: Sequence[BundleDocument]) -> None:
    await unit.send(
        SQL["restore_times"],
        collection_id=collection_id,
        ids=[document.id for document in documents],
        created_at=[document.created_at for document in documents],
        updated_at=[document.updated_at for document in documents],
        expires_at=[document.expires_at or document.ttl_expires_at for document in documents],
        expires_by_ttl=[document.ttl_expires_at is not None for document in documents],
    )


async def restore_vectors(unit: UnitOfWork, collection_id: int, vectors: Sequence[RestoredVector]) -> None:
    """Give chunks their vectors; documents that have them all are ready. The caller holds the lock."""
    await unit.send(
        SQL["restore_vectors"],
        collection_id=collection_id,
        ids=[restored.id for restored in vectors],
        hashes=[restored.hash for restored in vectors],
        vectors=[vector_text(restored.vector) for restored in vectors],
    )
    ids = sorted({restored.id for restored in vectors})
    await unit.send(SQL["complete_restored"], collection_id=collection_id, ids=ids)
