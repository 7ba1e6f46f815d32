"""A collection whose turn to be written has come, and whose name stays while it lasts."""

from shared.database.units_of_work import UnitOfWork
from shared.errors import CollectionNotFound
from shared.repositories import keyword_index
from shared.repositories.collections import LiveCollection, find_collection


async def lock_collection(unit: UnitOfWork, name: str) -> LiveCollection:
    """Wait for the collection's turn, for which renaming waits too. Raises CollectionNotFound."""
    found = await find_collection(unit, name)
    await keyword_index.lock(unit, found.id)
    # It may have been renamed or deleted while this waited, and its name given to another.
    locked = await find_collection(unit, name)
    if locked.id != found.id:
        raise CollectionNotFound(
            details=[{"field": "collection", "message": f"{name} was renamed meanwhile"}]
        )
    return locked
