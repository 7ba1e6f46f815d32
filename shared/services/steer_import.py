"""End an import before its time, or have what failed read again."""

from shared.database.rows import ImportRow
from shared.database.units_of_work import Database
from shared.domain.imports import DirtyPolicy, wake_up_key
from shared.domain.principals import Principal
from shared.errors import Conflict
from shared.repositories import imports
from shared.repositories.collections import find_collection
from shared.repositories.imports import ImportKey
from shared.storage.protocol import ObjectStorage


async def cancel_import(
    database: Database, principal: Principal, collection: str, import_id: str
) -> ImportRow:
    """What has been stored stays; nothing more is, not even of the group that is being written.

    Raises CollectionNotFound, NotFound, Conflict.
    """
    async with database.unit_of_work(principal) as unit:
        key = ImportKey((await find_collection(unit, collection)).id, import_id)
        await imports.find_import(unit, key)
        cancelled = await imports.cancel(unit, key)
    if cancelled is None:
        raise Conflict("The import has ended already.")
    return cancelled


async def retry_import(
    database: Database,
    storage: ObjectStorage,
    principal: Principal,
    collection: str,
    import_id: str,
    policy: DirtyPolicy | None,
) -> ImportRow:
    """Have the items that failed read again, under another policy if one is given.

    Raises CollectionNotFound, NotFound, Conflict, StorageUnavailable.
    """
    async with database.unit_of_work(principal) as unit:
        key = ImportKey((await find_collection(unit, collection)).id, import_id)
        await imports.find_import(unit, key)
        restarted = await imports.restart(unit, key, policy)
    if restarted is None:
        raise Conflict("The import has not ended yet; cancel it, or wait.")
    await storage.put(wake_up_key(*key), b"", "text/plain")
    return restarted
