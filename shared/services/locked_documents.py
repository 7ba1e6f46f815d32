"""What is stored of documents that are to be written, once their collection's turn has come."""

from collections.abc import Sequence

from shared.database.units_of_work import UnitOfWork
from shared.repositories import document_storage
from shared.repositories.document_storage import StoredState
from shared.services.gone_documents import remove_gone


async def lock_and_find_shown(unit: UnitOfWork, collection_id: int, ids: Sequence[str]) -> StoredState:
    """Take the collection's turn, and what is stored of `ids` once documents that are gone are removed.

    Raises CollectionNotFound.
    """
    stored = await document_storage.lock_and_find(unit, collection_id, ids)
    if await remove_gone(unit, collection_id, stored.gone, ids):
        return await document_storage.lock_and_find(unit, collection_id, ids)
    return stored
