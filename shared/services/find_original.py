"""The file that a document was made from."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import imports
from shared.repositories.collections import find_collection
from shared.services.gone_documents import refuse_gone
from shared.storage.protocol import ObjectStorage

ADDRESS_SECONDS = 300


async def find_original(
    database: Database, storage: ObjectStorage, principal: Principal, collection: str, document_id: str
) -> str:
    """An address to download it from, for the next five minutes.

    Raises CollectionNotFound, DocumentNotFound, OriginalNotFound.
    """
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        await refuse_gone(unit, found, document_id)
        object_key, file_name = await imports.find_original(unit, found.id, document_id)
    return storage.presign_get(object_key, seconds=ADDRESS_SECONDS, filename=file_name)
