"""One document by its id."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories.collections import found_collection, start_collection
from shared.repositories.documents import StoredDocument, found_document, start_document
from shared.services.gone_documents import refuse_gone


async def get_document(
    database: Database, principal: Principal, collection: str, document_id: str
) -> StoredDocument:
    """Raises CollectionNotFound, DocumentNotFound."""
    # Read after the unit of work, so that its commit travels in the statements' own round trip.
    async with database.unit_of_work(principal) as unit:
        pending_collection = await start_collection(unit, collection)
        pending_document = await start_document(unit, collection, document_id)
    found = await found_collection(pending_collection, collection)
    document = await found_document(pending_document, document_id)
    if found.gone is not None:
        async with database.unit_of_work(principal) as unit:
            await refuse_gone(unit, found, document_id)
    return document
