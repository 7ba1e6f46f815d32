"""Documents that SQL has written and no worker has chunked yet."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.rows import EmbeddingJobRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork

SQL = SqlFile("shared.repositories.sql", "interim_chunks")


class InterimDocument(NamedTuple):
    """A document that has chunks for the time being, and the number that its text has in the index."""

    collection_id: int
    language: str
    chunking: str
    number: int
    index_number: int
    id: str
    title: str | None
    body: str


async def find_interim(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> list[InterimDocument]:
    """Those of the claimed documents that have such chunks, by collection."""
    return await unit.rows(
        SQL["find_interim_documents"],
        InterimDocument,
        collection_ids=[claim.collection_id for claim in claims],
        document_numbers=[claim.document_number for claim in claims],
    )
