"""The keyword index: postings in blocks, statistics as deltas, compaction."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.document_writes import WritePlan
from shared.repositories import vocabulary

SQL = SqlFile("shared.repositories.sql", "keyword_index")


class CompactableTerm(NamedTuple):
    term_id: int


async def lock(unit: UnitOfWork, collection_id: int) -> None:
    """Wait for the collection's turn to write, held until the unit of work ends."""
    await unit.send(SQL["lock_collection"], collection_id=collection_id)


async def retire(unit: UnitOfWork, collection_id: int, document_numbers: Sequence[int]) -> None:
    """Take the stored text of these documents out of the index."""
    await unit.send(
        SQL["retire_documents"],
        collection_id=collection_id,
        document_numbers=list(document_numbers),
    )


async def index(unit: UnitOfWork, collection_id: int, language: str, plan: WritePlan) -> None:
    """Store the plan's chunks and put their words into the index."""
    chunks = [write.chunk for write in plan.chunks]
    await unit.send(
        SQL["index_chunks"],
        collection_id=collection_id,
        language=language,
        first_index_number=plan.first_index_number,
        documents=len(plan.indexed),
        document_numbers=[write.document_number for write in plan.chunks],
        index_numbers=[write.index_number for write in plan.chunks],
        chunk_ids=[write.id for write in plan.chunks],
        ordinals=[chunk.ordinal for chunk in chunks],
        span_starts=[chunk.start for chunk in chunks],
        span_ends=[chunk.end for chunk in chunks],
        pages=[chunk.page for chunk in chunks],
        heading_paths=["\x1f".join(chunk.heading_path) for chunk in chunks],
        embedded_hashes=[write.embedded_hash.hex() for write in plan.chunks],
        titles=[write.title for write in plan.chunks],
        texts=[write.text for write in plan.chunks],
    )


async def fold_statistics(unit: UnitOfWork, collection_id: int) -> None:
    await unit.send(SQL["fold_statistics"], collection_id=collection_id)


async def compact(unit: UnitOfWork, collection_id: int, limit: int) -> int:
    """Rewrite the blocks of up to `limit` terms in full rows, or forget them; how many. Needs the lock."""
    terms = await unit.rows(
        SQL["terms_to_compact"], CompactableTerm, collection_id=collection_id, limit=limit
    )
    if terms:
        term_ids = [term.term_id for term in terms]
        await unit.send(SQL["compact_terms"], collection_id=collection_id, term_ids=term_ids)
        await vocabulary.forget_words(unit, collection_id, term_ids)
    return len(terms)


async def forget_retired(unit: UnitOfWork, collection_id: int) -> None:
    await unit.send(SQL["forget_retired"], collection_id=collection_id)
