"""Documents: reading them, and writing a planned batch together with chunks, index and jobs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.database.rows import MetadataFieldRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.domain.document_writes import (
    DocumentVersion,
    LastNumbers,
    StoredChunk,
    WritePlan,
)
from shared.domain.documents import content_hash, text_hash
from shared.domain.filters import Filter
from shared.errors import CollectionNotFound, DocumentNotFound
from shared.repositories import embedding_jobs, keyword_index
from shared.repositories.filters import filter_sql

SQL = SqlFile("shared.repositories.sql", "documents")


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as callers see it."""

    id: str
    title: str | None
    body: str
    url: str | None
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    embedding_state: str
    embedding_error: str | None


@dataclass(frozen=True, slots=True)
class Numbered:
    number: int


@dataclass(frozen=True, slots=True)
class StoredState:
    """What a batch of ids finds in the database."""

    versions: dict[str, DocumentVersion]
    chunks: list[StoredChunk]
    last: LastNumbers


async def start_document(unit: UnitOfWork, collection: str, document_id: str) -> Pending[StoredDocument]:
    return await unit.start(SQL["find_document"], StoredDocument, collection=collection, id=document_id)


async def found_document(pending: Pending[StoredDocument], document_id: str) -> StoredDocument:
    """Raises DocumentNotFound, also when there is no such collection: look for that first."""
    document = await pending.row()
    if document is None:
        raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])
    return document


async def find_versions(
    unit: UnitOfWork, collection_id: int, ids: Sequence[str]
) -> dict[str, DocumentVersion]:
    found = await unit.rows(SQL["find_versions"], DocumentVersion, collection_id=collection_id, ids=list(ids))
    return {version.id: version for version in found}


async def lock_and_find(unit: UnitOfWork, collection_id: int, ids: Sequence[str]) -> StoredState:
    """Take the collection's turn, then read what is stored of `ids`, in one round trip.

    Raises CollectionNotFound when it was deleted while this waited.
    """
    await keyword_index.lock(unit, collection_id)
    wanted = {"collection_id": collection_id, "ids": list(ids)}
    live = await unit.start(SQL["find_live_collection"], Numbered, collection_id=collection_id)
    versions = await unit.start(SQL["find_versions"], DocumentVersion, **wanted)
    chunks = await unit.start(SQL["find_stored_chunks"], StoredChunk, **wanted)
    last = await unit.start(SQL["find_last_numbers"], LastNumbers, collection_id=collection_id)
    if await live.row() is None:
        raise CollectionNotFound
    return StoredState(
        versions={version.id: version for version in await versions.rows()},
        chunks=await chunks.rows(),
        last=await last.row() or LastNumbers(0, 0),
    )


async def write(unit: UnitOfWork, collection_id: int, language: str, plan: WritePlan) -> None:
    """Carry out a plan made under the collection's lock. Nothing is awaited until the commit."""
    if not plan.documents:
        return
    # The job rows come before the chunks: they keep the embedder of the old text away.
    if plan.retired_numbers:
        await keyword_index.retire(unit, collection_id, plan.retired_numbers)
    await _upsert(unit, collection_id, plan)
    await embedding_jobs.request(unit, collection_id, plan)
    if plan.dropped_chunks:
        await unit.send(
            SQL["delete_stored_chunks"],
            collection_id=collection_id,
            document_numbers=sorted({chunk.document_number for chunk in plan.dropped_chunks}),
            chunk_ids=[chunk.id for chunk in plan.dropped_chunks],
        )
    if plan.indexed:
        await keyword_index.index(unit, collection_id, language, plan)


async def _upsert(unit: UnitOfWork, collection_id: int, plan: WritePlan) -> None:
    documents = [entry.document for entry in plan.documents]
    await unit.send(
        SQL["upsert_documents"],
        collection_id=collection_id,
        ids=[document.id for document in documents],
        numbers=[entry.number for entry in plan.documents],
        index_numbers=[entry.index_number for entry in plan.documents],
        titles=[document.title for document in documents],
        bodies=[document.body for document in documents],
        urls=[document.url for document in documents],
        metadata=[json.dumps(document.metadata) for document in documents],
        content_hashes=[content_hash(document) for document in documents],
        text_hashes=[text_hash(document) for document in documents],
    )
    if plan.metadata_fields:
        await unit.send(SQL["note_metadata_fields"], collection_id=collection_id, names=plan.metadata_fields)


async def delete(unit: UnitOfWork, collection_id: int, numbers: Sequence[int]) -> None:
    """Remove documents with all that stands for them. The caller holds the collection's lock."""
    await keyword_index.retire(unit, collection_id, numbers)
    await embedding_jobs.withdraw(unit, collection_id, numbers)
    await unit.send(SQL["delete_documents"], collection_id=collection_id, document_numbers=list(numbers))


async def purge(unit: UnitOfWork, collection_id: int, limit: int) -> int:
    """Remove up to `limit` documents of a buried collection, without its index; returns how many."""
    doomed = await unit.rows(SQL["find_doomed"], Numbered, collection_id=collection_id, limit=limit)
    if doomed:
        numbers = [document.number for document in doomed]
        # The jobs first: an embedder at work finishes before its vectors are looked for.
        await embedding_jobs.withdraw(unit, collection_id, numbers)
        await unit.send(SQL["delete_documents"], collection_id=collection_id, document_numbers=numbers)
    return len(doomed)


async def list_documents(
    unit: UnitOfWork, collection_id: int, *, after: str, limit: int, room: int, tree: Filter | None
) -> list[StoredDocument]:
    """Documents by id, from the one after `after`, until their bodies have passed `room` bytes."""
    condition = filter_sql(tree)
    return await unit.rows(
        SQL["list_documents"].with_slot("filter", condition.text),
        StoredDocument,
        collection_id=collection_id,
        after=after,
        limit=limit,
        room=room,
        **condition.parameters,
    )


async def match_documents(unit: UnitOfWork, collection_id: int, tree: Filter, limit: int) -> list[int]:
    """The numbers of up to `limit` documents that a filter selects."""
    condition = filter_sql(tree)
    matched = await unit.rows(
        SQL["match_documents"].with_slot("filter", condition.text),
        Numbered,
        collection_id=collection_id,
        limit=limit,
        **condition.parameters,
    )
    return [row.number for row in matched]


async def start_metadata_fields(unit: UnitOfWork, collection: str) -> Pending[MetadataFieldRow]:
    """The same as `list_metadata_fields`, in the round trip of the statement that follows."""
    return await unit.start(SQL["list_metadata_fields"], MetadataFieldRow, collection=collection)


async def list_metadata_fields(unit: UnitOfWork, collection: str) -> list[str]:
    """The top-level metadata fields that documents of the collection have or had."""
    fields = await start_metadata_fields(unit, collection)
    return [field.name for field in await fields.rows()]
