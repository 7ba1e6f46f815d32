"""Chunks that take the place of those for the time being."""

from shared.database.units_of_work import UnitOfWork
from shared.domain.document_writes import WritePlan
from shared.repositories import document_storage, embedding_jobs, keyword_index
from shared.repositories.interim_documents import SQL


async def replace_interim(unit: UnitOfWork, collection_id: int, language: str, plan: WritePlan) -> None:
    """Carry out a plan for documents of which chunks and hashes alone change, under the collection's lock.

    Voids the claims on their embedding.
    """
    await keyword_index.retire(unit, collection_id, plan.retired_numbers)
    await unit.send(
        SQL["renumber_documents"],
        collection_id=collection_id,
        numbers=[write.number for write in plan.indexed],
        index_numbers=[write.index_number for write in plan.indexed],
        content_hashes=[write.hashes.content for write in plan.indexed],
        text_hashes=[write.hashes.text for write in plan.indexed],
    )
    await embedding_jobs.request(unit, collection_id, plan)
    await document_storage.drop_chunks(unit, collection_id, plan.dropped_chunks)
    await keyword_index.index(unit, collection_id, language, plan)
