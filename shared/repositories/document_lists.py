"""Documents by the page, and which of some are shown."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.database.statements import Statement
from shared.database.units_of_work import UnitOfWork
from shared.domain.deletions import Gone
from shared.domain.filters import Filter
from shared.repositories.documents import SQL, Numbered, StoredDocument
from shared.repositories.filters import filter_sql, shown_sql


class Identified(NamedTuple):
    id: str


def with_conditions(
    statement: Statement, tree: Filter | None, gone: Gone
) -> tuple[Statement, dict[str, Any]]:
    """A statement of the documents that a filter selects and that are not gone, and its parameters."""
    condition, shown = filter_sql(tree), shown_sql(gone)
    filled = statement.with_slot("filter", condition.text).with_slot("shown", shown.text)
    return filled, condition.parameters | shown.parameters


async def list_documents(
    unit: UnitOfWork,
    collection_id: int,
    *,
    after: str,
    limit: int,
    room: int,
    tree: Filter | None,
    gone: Gone,
) -> list[StoredDocument]:
    """Documents by id, from the one after `after`, until their bodies have passed `room` bytes."""
    statement, parameters = with_conditions(SQL["list_documents"], tree, gone)
    return await unit.rows(
        statement,
        StoredDocument,
        collection_id=collection_id,
        after=after,
        limit=limit,
        room=room,
        **parameters,
    )


async def expired_of(unit: UnitOfWork, collection_id: int, ids: Sequence[str]) -> list[int]:
    """The numbers of those of these documents that have expired."""
    found = await unit.rows(SQL["expired_of"], Numbered, collection_id=collection_id, ids=list(ids))
    return [row.number for row in found]


async def shown_ids(unit: UnitOfWork, collection_id: int, ids: Sequence[str], gone: Gone) -> set[str]:
    """Those of these documents that are there and not gone."""
    shown = shown_sql(gone)
    found = await unit.rows(
        SQL["shown_ids"].with_slot("shown", shown.text),
        Identified,
        collection_id=collection_id,
        ids=list(ids),
        **shown.parameters,
    )
    return {row.id for row in found}


async def list_expiring_collections(unit: UnitOfWork) -> list[int]:
    """The ids of live collections that have documents whose time has come."""
    return [row.number for row in await unit.rows(SQL["list_expiring_collections"], Numbered)]


async def find_expired(unit: UnitOfWork, collection_id: int, limit: int) -> list[int]:
    """The numbers of up to `limit` documents whose time has come, the earliest first."""
    found = await unit.rows(SQL["find_expired"], Numbered, collection_id=collection_id, limit=limit)
    return [row.number for row in found]
