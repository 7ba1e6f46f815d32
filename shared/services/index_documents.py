"""Put documents with their chunks, postings and jobs into one unit of work."""

from collections.abc import Mapping, Sequence

from shared.chunking.markdown import chunk_body
from shared.database.rows import CollectionRow
from shared.database.units_of_work import UnitOfWork
from shared.domain.chunks import Chunk
from shared.domain.document_writes import DocumentVersion, WritePlan, plan_writes
from shared.domain.documents import DocumentInput, text_hash
from shared.repositories import document_storage as repository
from shared.repositories.embedding_jobs import retry_failed


def chunk_changed(
    documents: Sequence[DocumentInput], versions: Mapping[str, DocumentVersion]
) -> dict[str, list[Chunk]]:
    """Chunks of the documents whose text differs from the version stored."""
    chunks = {}
    for document in documents:
        version = versions.get(document.id)
        if version is None or version.text_hash != text_hash(document):
            chunks[document.id] = chunk_body(document.body)
    return chunks


async def index_documents(
    unit: UnitOfWork,
    collection: CollectionRow,
    documents: Sequence[DocumentInput],
    chunks: dict[str, list[Chunk]],
) -> WritePlan:
    """Write what changes, under the collection's lock; `chunks` may have been made before it was taken."""
    stored = await repository.lock_and_find(unit, collection.id, [document.id for document in documents])
    # What somebody else wrote in between may need chunks that looked unnecessary.
    missing = [document for document in documents if document.id not in chunks]
    plan = plan_writes(
        documents,
        {**chunks, **chunk_changed(missing, stored.versions)},
        stored.versions,
        stored.chunks,
        stored.last,
    )
    await repository.write(unit, collection.id, collection.language, plan)
    if len(plan.indexed) < len(documents):
        retried = await retry_failed(unit, collection.id, [document.id for document in documents])
        plan.retried_numbers.extend(job.document_number for job in retried)
    return plan
