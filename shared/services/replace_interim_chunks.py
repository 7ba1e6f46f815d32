"""Real chunks in the place of those that SQL has made for the time being."""

import asyncio
from collections.abc import Sequence

from shared.chunking.bodies import chunk_as
from shared.database.units_of_work import Database
from shared.domain.chunks import Chunk, Chunking
from shared.domain.document_writes import HashedDocument, plan_writes
from shared.domain.documents import DocumentInput, hash_document
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound
from shared.repositories import document_storage
from shared.repositories.interim_chunks import replace_interim
from shared.repositories.interim_documents import InterimDocument


async def replace_interim_chunks(
    database: Database, principal: Principal, found: Sequence[InterimDocument]
) -> None:
    """Chunk documents of one collection, but those that somebody else writes meanwhile."""
    collection_id, language = found[0].collection_id, found[0].language
    documents, chunks = await asyncio.to_thread(_prepare, found)
    async with database.unit_of_work(principal) as unit:
        try:
            stored = await document_storage.lock_and_find(unit, collection_id, list(chunks))
        except CollectionNotFound:
            return
        numbers = {document.id: document.index_number for document in found}
        # Versions that the documents differ from in their text, as far as a plan can tell.
        versions = {
            version.id: version._replace(content_hash=b"", text_hash=b"")
            for version in stored.versions.values()
            if version.index_number == numbers[version.id]
        }
        plan = plan_writes(
            [entry for entry in documents if entry.document.id in versions],
            chunks,
            versions,
            stored.chunks,
            stored.last,
        )
        if plan.indexed:
            await replace_interim(unit, collection_id, language, plan)


def _prepare(found: Sequence[InterimDocument]) -> tuple[list[HashedDocument], dict[str, list[Chunk]]]:
    documents, chunks = [], {}
    for stored in found:
        document = DocumentInput(id=stored.id, title=stored.title, body=stored.body)
        chunking = Chunking(stored.chunking)
        documents.append(HashedDocument(document, hash_document(document, chunking)))
        chunks[document.id] = chunk_as(chunking, document.body)
    return documents, chunks
