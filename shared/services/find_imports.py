"""Imports of a collection, and what was wrong with their lines."""

from shared.database.rows import ImportRow
from shared.database.units_of_work import Database
from shared.domain.imports import ItemProblem
from shared.domain.principals import Principal
from shared.repositories import imports
from shared.repositories.collections import find_collection
from shared.repositories.imports import ImportKey


async def list_imports(
    database: Database, principal: Principal, collection: str, *, before: str, limit: int
) -> tuple[list[ImportRow], bool]:
    """The newest first, and whether there are more. Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        listed = await imports.list_imports(unit, found.id, before=before, limit=limit + 1)
    return listed[:limit], len(listed) > limit


async def get_import(
    database: Database,
    principal: Principal,
    collection: str,
    import_id: str,
    *,
    errors_after: int,
    limit: int,
) -> tuple[ImportRow, list[ItemProblem], bool]:
    """The import, errors of lines after that one, and whether there are more of them.

    Raises CollectionNotFound, NotFound.
    """
    async with database.unit_of_work(principal) as unit:
        key = ImportKey((await find_collection(unit, collection)).id, import_id)
        found = await imports.find_import(unit, key)
        errors = await imports.list_errors(unit, key, run=found.run, after=errors_after, limit=limit + 1)
    return found, errors[:limit], len(errors) > limit
