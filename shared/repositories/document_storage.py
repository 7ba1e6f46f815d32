"""Documents as they are written: a planned batch together with chunks, index and jobs."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.database.units_of_work import UnitOfWork
from shared.domain.document_writes import DocumentVersion, LastNumbers, StoredChunk, WritePlan
from shared.errors import CollectionNotFound
from shared.repositories import embedding_jobs, keyword_index, vocabulary
from shared.repositories.collections import LiveCollection
from shared.repositories.documents import SQL, Numbered


class StoredState(NamedTuple):
    """What a batch of ids finds in the database."""

    versions: dict[str, DocumentVersion]
    chunks: list[StoredChunk]
    last: LastNumbers
    # What shared.services.gone_documents reads.
    gone: dict[str, Any] | None
    # For so many documents more; None is for any number.
    room: int | None


class _Live(NamedTuple):
    id: int
    gone: dict[str, Any] | None
    room: int | None


async def find_versions(
    unit: UnitOfWork, collection_id: int, ids: Sequence[str]
) -> dict[str, DocumentVersion]:
    """What is stored of these ids, also of documents that are gone."""
    found = await unit.rows(SQL["find_versions"], DocumentVersion, collection_id=collection_id, ids=list(ids))
    return {version.id: version for version in found}


async def lock_and_find(unit: UnitOfWork, collection_id: int, ids: Sequence[str]) -> StoredState:
    """Take the collection's turn, then read what is stored of `ids`, in one round trip.

    Raises CollectionNotFound when it was deleted while this waited.
    """
    await keyword_index.lock(unit, collection_id)
    wanted = {"collection_id": collection_id, "ids": list(ids)}
    live = await unit.start(SQL["find_live_collection"], _Live, collection_id=collection_id)
    versions = await unit.start(SQL["find_versions"], DocumentVersion, **wanted)
    chunks = await unit.start(SQL["find_stored_chunks"], StoredChunk, **wanted)
    last = await unit.start(SQL["find_last_numbers"], LastNumbers, collection_id=collection_id)
    collection = await live.row()
    if collection is None:
        raise CollectionNotFound
    return StoredState(
        versions={version.id: version for version in await versions.rows()},
        chunks=await chunks.rows(),
        last=await last.row() or LastNumbers(0, 0),
        gone=collection.gone,
        room=collection.room,
    )


async def write(unit: UnitOfWork, collection: LiveCollection, plan: WritePlan) -> None:
    """Carry out a plan made under the collection's lock. Nothing is awaited until the commit."""
    collection_id, language = collection.id, collection.language
    if plan.renewed_numbers:
        await renew_expiry(unit, collection, plan.renewed_numbers)
    if not plan.documents:
        return
    # The job rows come before the chunks: they keep the embedder of the old text away.
    if plan.retired_numbers:
        await keyword_index.retire(unit, collection_id, plan.retired_numbers)
    await _upsert(unit, collection_id, plan, collection.ttl_seconds)
    await embedding_jobs.request(unit, collection_id, plan)
    await drop_chunks(unit, collection_id, plan.dropped_chunks)
    if plan.indexed:
        await keyword_index.index(unit, collection_id, language, plan)
        texts = [text for write in plan.chunks for text in (write.title, write.text) if text]
        await vocabulary.add_words(unit, collection_id, language, texts)
    if plan.vectors:
        await embedding_jobs.give_vectors(unit, collection_id, plan.vectors)


async def drop_chunks(unit: UnitOfWork, collection_id: int, chunks: Sequence[StoredChunk]) -> None:
    """Remove chunks and their vectors. Whoever does so holds the locks of their documents' jobs."""
    if chunks:
        await unit.send(
            SQL["delete_stored_chunks"],
            collection_id=collection_id,
            document_numbers=sorted({chunk.document_number for chunk in chunks}),
            chunk_ids=[chunk.id for chunk in chunks],
        )


async def renew_expiry(unit: UnitOfWork, collection: LiveCollection, numbers: Sequence[int]) -> None:
    """Let documents without a time of their own expire as if they were written now."""
    await unit.send(
        SQL["renew_expiry"],
        collection_id=collection.id,
        document_numbers=list(numbers),
        ttl_seconds=collection.ttl_seconds,
    )


async def _upsert(unit: UnitOfWork, collection_id: int, plan: WritePlan, ttl_seconds: int | None) -> None:
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
        content_hashes=[entry.hashes.content.hex() for entry in plan.documents],
        text_hashes=[entry.hashes.text.hex() for entry in plan.documents],
        page_starts=[_array(document.page_starts) for document in documents],
        expires_at=[document.expires_at for document in documents],
        ttl_seconds=ttl_seconds,
        readers=[None if entry.readers is None else _array(entry.readers) for entry in plan.documents],
    )
    if plan.metadata_fields:
        await unit.send(SQL["note_metadata_fields"], collection_id=collection_id, names=plan.metadata_fields)


def _array(values: Sequence[object]) -> str:
    """Numbers, or names that need no escapes, as Postgres writes an array."""
    return f"{{{','.join(f'"{value}"' for value in values)}}}"


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
