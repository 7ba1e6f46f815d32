"""The audit: who did what."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.database.boundaries import WriteRequest
from shared.database.rows import AuditEntryRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.observability import correlation_id

SQL = SqlFile("shared.repositories.sql", "audit")


@dataclass(frozen=True, slots=True)
class Counted:
    count: int


class AuditFilter(NamedTuple):
    """Which entries are wanted: written from `since` to before `until`; None is any."""

    since: datetime | None = None
    until: datetime | None = None
    principal: str | None = None
    action: str | None = None
    collection: str | None = None
    outcome: str | None = None


async def append(
    unit: UnitOfWork, action: str, collection_id: int | None, *objects: str, others: int = 0
) -> None:
    """Tell of what this unit of work does in nobody's request; what requests write is told of by itself.

    `objects` are ids of what is written, `others` how many more are.
    """
    await unit.send(
        SQL["append_entry"],
        action=action,
        collection_id=collection_id,
        objects=list(objects),
        object_count=len(objects) + others,
        request_id=correlation_id(),
    )


async def append_refusal(unit: UnitOfWork, attempt: WriteRequest, code: str) -> None:
    """Tell of what the unit's principal was refused, unless it was often enough in the last minute."""
    await unit.send(
        SQL["append_refusal"],
        action=attempt.action,
        collection=attempt.collection,
        objects=list(attempt.objects),
        request_id=attempt.request_id,
        address=attempt.address,
        outcome=code,
    )


async def forget(unit: UnitOfWork, *, days: int, limit: int) -> int:
    """Remove up to `limit` entries that are older than `days`; returns how many."""
    return (await unit.rows(SQL["forget_entries"], Counted, days=days, limit=limit))[0].count


async def list_entries(
    unit: UnitOfWork, wanted: AuditFilter, *, before: int | None, limit: int
) -> list[AuditEntryRow]:
    """The newest before the id `before`, in collections that the unit's principal may enter."""
    return await unit.rows(SQL["list_entries"], AuditEntryRow, before=before, limit=limit, **wanted._asdict())
