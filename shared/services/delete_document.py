"""Delete one document."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.errors import DocumentNotFound
from shared.queues.protocol import MaintainQueue
from shared.repositories import collections
from shared.repositories import document_storage as repository
from shared.services.announce_writes import ask_for_maintenance
from shared.services.locked_documents import lock_and_find_shown


async def delete_document(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    document_id: str,
) -> None:
    """Raises CollectionNotFound, DocumentNotFound."""
    async with database.unit_of_work(principal) as unit:
        found = await collections.find_collection(unit, collection)
        stored = await lock_and_find_shown(unit, found.id, [document_id])
        if document_id not in stored.versions:
            raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])
        await repository.delete(unit, found.id, [stored.versions[document_id].number])
    await cache.invalidate(*scopes_of(found.known_as))
    await ask_for_maintenance(maintain_queue)
