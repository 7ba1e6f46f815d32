"""Delete one document."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from shared.cache.protocol import Cache
from shared.database.boundaries import WriteRequest, beside_the_write, current_write
from shared.database.shared_turns import turns_of
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.cache_scopes import scopes_of
from shared.domain.entity_tags import Expected
from shared.domain.principals import Principal
from shared.errors import ConcordError, DocumentNotFound, PreconditionFailed
from shared.queues.protocol import MaintainQueue
from shared.repositories import collections
from shared.repositories import document_storage as repository
from shared.repositories.document_storage import StoredState
from shared.repositories.documents import found_document, start_document
from shared.services.announce_writes import ask_for_maintenance
from shared.services.locked_documents import lock_and_find_shown
from shared.services.shared_writes import fit_one_turn, may_share


async def delete_document(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    document_id: str,
    expected: Expected | None = None,
) -> None:
    """Raises CollectionNotFound, DocumentNotFound, PreconditionFailed."""
    wanted = Removal(document_id, expected, current_write.get())
    remove = partial(_remove, database, cache, maintain_queue, principal, collection)
    if may_share(wanted.write):
        refusal = await turns_of(database).take(
            ("delete", collection, principal), wanted, remove, fit=_fit_one_turn
        )
    else:
        (refusal,) = await remove([wanted])
    if refusal is not None:
        raise refusal


class Removal(NamedTuple):
    """One document that is to be deleted, and the request that wants it."""

    id: str
    expected: Expected | None
    write: WriteRequest | None


def _fit_one_turn(removals: Sequence[Removal]) -> bool:
    return fit_one_turn([removal.id for removal in removals])


async def _remove(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    removals: Sequence[Removal],
) -> list[ConcordError | None]:
    """Of each document the reason why it was not deleted, or None. Raises CollectionNotFound."""
    with beside_the_write():
        async with database.unit_of_work(principal) as unit:
            found = await collections.find_collection(unit, collection)
            stored = await lock_and_find_shown(unit, found.id, [removal.id for removal in removals])
            refusals = [await _refusal(unit, collection, removal, stored) for removal in removals]
            removed = [
                removal for removal, refusal in zip(removals, refusals, strict=True) if refusal is None
            ]
            if removed:
                numbers = [stored.versions[removal.id].number for removal in removed]
                await repository.delete(unit, found.id, numbers)
            for removal in removed:
                if removal.write is not None:
                    await unit.record(removal.write, [removal.id])
    if removed:
        await cache.invalidate(*scopes_of(found.known_as))
        await ask_for_maintenance(maintain_queue)
    return refusals


async def _refusal(
    unit: UnitOfWork, collection: str, removal: Removal, stored: StoredState
) -> ConcordError | None:
    if removal.id not in stored.versions:
        return DocumentNotFound(details=[{"field": "id", "message": f"no {removal.id}"}])
    if removal.expected is not None:
        shown = await start_document(unit, collection, removal.id)
        try:
            removal.expected.refuse_other((await found_document(shown, removal.id)).updated_at)
        except (DocumentNotFound, PreconditionFailed) as error:
            return error
    return None
