"""Deletions that stand until maintenance has removed what they select."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.rows import DeletionRow
from shared.database.statements import SqlFile, Statement
from shared.database.units_of_work import UnitOfWork
from shared.domain.deletions import Deletion, Gone
from shared.domain.filters import Filter
from shared.repositories.collections import Counted
from shared.repositories.document_lists import with_conditions
from shared.repositories.documents import Numbered
from shared.repositories.filters import filter_sql

SQL = SqlFile("shared.repositories.sql", "deletions")


class Selection(NamedTuple):
    """The documents of a collection that a filter selects, but those that are gone."""

    collection_id: int
    tree: Filter
    gone: Gone

    async def some(self, unit: UnitOfWork, limit: int, *, milliseconds: int) -> list[int]:
        """The numbers of up to `limit` of them. Raises DatabaseUnavailable when it takes longer."""
        await unit.send(SQL["give_up_after"], milliseconds=str(milliseconds))
        return await self._numbers(unit, SQL["match_few"], limit=limit)

    async def among(self, unit: UnitOfWork, numbers: Sequence[int]) -> list[int]:
        """Those of these documents that it selects now."""
        return await self._numbers(unit, SQL["match_numbers"], numbers=list(numbers))

    async def count_between(self, unit: UnitOfWork, *, after: int, until: int) -> int:
        """How many there are of the numbers from `after` (without it) to `until`."""
        statement, parameters = with_conditions(SQL["count_matches"], self.tree, self.gone)
        found = await unit.rows(
            statement, Counted, collection_id=self.collection_id, after=after, until=until, **parameters
        )
        return found[0].count

    async def _numbers(self, unit: UnitOfWork, statement: Statement, **asked: object) -> list[int]:
        statement, parameters = with_conditions(statement, self.tree, self.gone)
        found = await unit.rows(statement, Numbered, collection_id=self.collection_id, **asked, **parameters)
        return [row.number for row in found]


async def count_standing(unit: UnitOfWork, collection_id: int) -> int:
    found = await unit.rows(SQL["count_deletions"], Counted, collection_id=collection_id)
    return found[0].count


async def insert(unit: UnitOfWork, collection_id: int, filter_text: str, documents: int) -> None:
    """From the commit on what the filter selects is gone, which is about so many documents."""
    await unit.send(
        SQL["insert_deletion"], collection_id=collection_id, filter=filter_text, documents=documents
    )


async def match_ids(
    unit: UnitOfWork, collection_id: int, deletion: Deletion, ids: Sequence[str]
) -> list[int]:
    """The numbers of those of these documents that the deletion selects."""
    return await _selected(unit, SQL["match_ids"], collection_id, deletion, ids=list(ids))


async def count_purged(
    unit: UnitOfWork, collection_id: int, deletion_id: int, *, purged: int, reached: int = 0
) -> None:
    """So many more of what the deletion selects are removed, and all up to the number `reached`."""
    await unit.send(
        SQL["count_purged"], collection_id=collection_id, id=deletion_id, purged=purged, reached=reached
    )


async def list_standing(unit: UnitOfWork) -> list[DeletionRow]:
    """Of all live collections, the oldest first."""
    return await unit.rows(SQL["list_deletions"], DeletionRow)


async def find_deleted(
    unit: UnitOfWork, collection_id: int, deletion: Deletion, *, after: int, limit: int
) -> list[int]:
    """The numbers of the next documents that the deletion selects, from the one after `after`."""
    return await _selected(unit, SQL["find_deleted"], collection_id, deletion, after=after, limit=limit)


async def match_deleted(
    unit: UnitOfWork, collection_id: int, deletion: Deletion, numbers: Sequence[int]
) -> list[int]:
    """Those of these documents that the deletion selects, still."""
    return await _selected(unit, SQL["match_deleted"], collection_id, deletion, numbers=list(numbers))


async def end(unit: UnitOfWork, collection_id: int, deletion_id: int) -> None:
    """Nothing that the deletion selects is left."""
    await unit.send(SQL["end_deletion"], collection_id=collection_id, id=deletion_id)


async def _selected(
    unit: UnitOfWork, statement: Statement, collection_id: int, deletion: Deletion, **asked: object
) -> list[int]:
    condition = filter_sql(deletion.tree)
    found = await unit.rows(
        statement.with_slot("filter", condition.text),
        Numbered,
        collection_id=collection_id,
        deleted_at=deletion.deleted_at,
        **asked,
        **condition.parameters,
    )
    return [row.number for row in found]
