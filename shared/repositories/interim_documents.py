"""Documents that SQL has written and no worker has chunked yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.rows import CollectionRow, EmbeddingJobRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork

SQL = SqlFile("shared.repositories.sql", "interim_chunks")


class InterimDocument(NamedTuple):
    """A document that has chunks for the time being, and the number that its text has in the index."""

    collection_id: int
    number: int
    index_number: int
    id: str
    title: str | None
    body: str
    url: str | None
    metadata: dict[str, Any]
    page_starts: list[int]
    expires_at: datetime | None
    expires_by_ttl: bool
    readers: list[str] | None


async def find_interim(unit: UnitOfWork, claims: Sequence[EmbeddingJobRow]) -> list[InterimDocument]:
    """Those of the claimed documents that have such chunks, by collection."""
    return await unit.rows(
        SQL["find_interim_documents"],
        InterimDocument,
        collection_ids=[claim.collection_id for claim in claims],
        document_numbers=[claim.document_number for claim in claims],
    )


async def find_their_collections(
    unit: UnitOfWork, documents: Sequence[InterimDocument]
) -> dict[int, CollectionRow]:
    """The documents' collections by their ids."""
    ids = sorted({document.collection_id for document in documents})
    found = await unit.rows(SQL["find_collections"], CollectionRow, collection_ids=ids)
    return {collection.id: collection for collection in found}
