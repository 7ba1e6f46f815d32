"""Give collections other names, which can be given to another collection at any time."""

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import collection_scope
from shared.domain.principals import Principal
from shared.repositories import aliases
from shared.repositories.aliases import GivenAlias


async def set_alias(
    database: Database, cache: Cache, principal: Principal, alias: str, collection: str
) -> GivenAlias:
    """From the commit on every request that names the alias is about this collection.

    Raises PermissionDenied; CollectionNotFound, also when `collection` is an alias; CollectionExists when
    `alias` is none.
    """
    principal.enter(alias, field="alias")
    principal.enter(collection)
    async with database.unit_of_work(principal) as unit:
        unit.concerns(alias, collection=collection)
        given = await aliases.set_alias(unit, alias, collection)
    await cache.invalidate(collection_scope(alias))
    return given


async def list_aliases(
    database: Database, principal: Principal, *, after: str, limit: int
) -> tuple[list[GivenAlias], bool]:
    """The aliases after the name `after`, and whether there are more."""
    async with database.unit_of_work(principal) as unit:
        found = await aliases.list_aliases(unit, after=after, limit=limit + 1)
    return found[:limit], len(found) > limit


async def delete_alias(database: Database, cache: Cache, principal: Principal, alias: str) -> None:
    """The collection stays. Raises AliasNotFound."""
    async with database.unit_of_work(principal) as unit:
        await aliases.delete_alias(unit, alias)
    await cache.invalidate(collection_scope(alias))
