"""Documents by the page, and by what a filter selects."""

from typing import NamedTuple

from shared.database.units_of_work import UnitOfWork
from shared.domain.filters import Filter
from shared.repositories.documents import SQL, StoredDocument
from shared.repositories.filters import filter_sql


class Numbered(NamedTuple):
    number: int


async def list_documents(
    unit: UnitOfWork, collection_id: int, *, after: str, limit: int, room: int, tree: Filter | None
) -> list[StoredDocument]:
    """Documents by id, from the one after `after`, until their bodies have passed `room` bytes."""
    condition = filter_sql(tree)
    return await unit.rows(
        SQL["list_documents"].with_slot("filter", condition.text),
        StoredDocument,
        collection_id=collection_id,
        after=after,
        limit=limit,
        room=room,
        **condition.parameters,
    )


async def match_documents(unit: UnitOfWork, collection_id: int, tree: Filter, limit: int) -> list[int]:
    """The numbers of up to `limit` documents that a filter selects."""
    condition = filter_sql(tree)
    matched = await unit.rows(
        SQL["match_documents"].with_slot("filter", condition.text),
        Numbered,
        collection_id=collection_id,
        limit=limit,
        **condition.parameters,
    )
    return [row.number for row in matched]


async def list_expiring_collections(unit: UnitOfWork) -> list[int]:
    """The ids of live collections that have documents whose time has come."""
    return [row.number for row in await unit.rows(SQL["list_expiring_collections"], Numbered)]


async def find_expired(unit: UnitOfWork, collection_id: int, limit: int) -> list[int]:
    """The numbers of up to `limit` documents whose time has come, the earliest first."""
    found = await unit.rows(SQL["find_expired"], Numbered, collection_id=collection_id, limit=limit)
    return [row.number for row in found]
