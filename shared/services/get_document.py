"""One document by its id."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.errors import DocumentNotFound
from shared.repositories import collections, documents
from shared.repositories.documents import StoredDocument


async def get_document(
    database: Database, principal: Principal, collection: str, document_id: str
) -> StoredDocument:
    """Raises CollectionNotFound, DocumentNotFound."""
    async with database.unit_of_work(principal) as unit:
        try:
            return await documents.find_document(unit, collection, document_id)
        except DocumentNotFound:
            await collections.find_collection(unit, collection)
            raise
