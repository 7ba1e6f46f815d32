"""Real chunks in the place of those that SQL has made for the time being."""

import asyncio
from collections.abc import Sequence

from shared.database.rows import CollectionRow
from shared.database.units_of_work import Database
from shared.domain.chunks import Chunk
from shared.domain.document_writes import HashedDocument, plan_writes
from shared.domain.documents import as_input
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound
from shared.repositories import document_storage
from shared.repositories.interim_chunks import replace_interim
from shared.repositories.interim_documents import InterimDocument
from shared.services.index_documents import chunk_changed, hash_documents


async def replace_interim_chunks(
    database: Database, principal: Principal, collection: CollectionRow, found: Sequence[InterimDocument]
) -> None:
    """Chunk and hash documents of a collection, but those that somebody else writes meanwhile."""
    documents, chunks = await asyncio.to_thread(_prepare, collection, found)
    async with database.unit_of_work(principal) as unit:
        try:
            stored = await document_storage.lock_and_find(unit, collection.id, list(chunks))
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
            collection.embedding_template,
        )
        if plan.indexed:
            await replace_interim(unit, collection.id, collection.language, plan)


def _prepare(
    collection: CollectionRow, found: Sequence[InterimDocument]
) -> tuple[list[HashedDocument], dict[str, list[Chunk]]]:
    hashed = hash_documents(collection, [as_input(stored) for stored in found])
    return hashed, chunk_changed(collection, hashed, {})
