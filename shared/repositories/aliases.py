"""Aliases: other names of collections."""

from datetime import datetime
from typing import NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.errors import AliasNotFound, CollectionExists, CollectionNotFound, DatabaseError

SQL = SqlFile("shared.repositories.sql", "aliases")


class GivenAlias(NamedTuple):
    """An alias, and the name of the collection that it stands for."""

    alias: str
    collection: str
    created_at: datetime
    updated_at: datetime


class Named(NamedTuple):
    name: str


async def set_alias(unit: UnitOfWork, alias: str, collection: str) -> GivenAlias:
    """Make the alias, or give it to this collection from now on.

    Raises CollectionNotFound, also for another alias; CollectionExists when a collection has that name.
    """
    try:
        given = await unit.row(SQL["set_alias"], GivenAlias, alias=alias, collection=collection)
    except DatabaseError as error:
        if error.constraint == "name_of_a_collection":
            taken = [{"field": "alias", "message": f"{alias} is a collection"}]
            raise CollectionExists(details=taken) from error
        raise
    if given is None:
        raise CollectionNotFound(details=[{"field": "collection", "message": f"no {collection}"}])
    return given


async def list_aliases(unit: UnitOfWork, *, after: str, limit: int) -> list[GivenAlias]:
    """Aliases by name, from the one after `after`."""
    return await unit.rows(SQL["list_aliases"], GivenAlias, after=after, limit=limit)


async def aliases_of(unit: UnitOfWork, collection_id: int) -> list[str]:
    return [row.name for row in await unit.rows(SQL["aliases_of"], Named, collection_id=collection_id)]


async def delete_alias(unit: UnitOfWork, alias: str) -> None:
    """Raises AliasNotFound."""
    if await unit.row(SQL["delete_alias"], Named, alias=alias) is None:
        raise AliasNotFound(details=[{"field": "alias", "message": f"no {alias}"}])
