"""What principals have used, day by day."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from shared.database.rows import UsageRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.usage import Usage, UsageReport

SQL = SqlFile("shared.repositories.sql", "usage")


class UsedOnDay(NamedTuple):
    """By one principal, and by all."""

    searches: int
    embedded_tokens: int
    searches_of_all: int
    embedded_tokens_of_all: int


class EmbeddedOnDay(NamedTuple):
    document_tokens: int


class ForgottenDay(NamedTuple):
    day: date


async def record_report(unit: UnitOfWork, report: UsageReport) -> None:
    """Add it up, unless that was done before."""
    counts = {name: [getattr(entry.usage, name) for entry in report.entries] for name in Usage.model_fields}
    await unit.send(
        SQL["record_report"],
        id=report.id,
        days=[entry.day for entry in report.entries],
        principals=[entry.principal for entry in report.entries],
        **counts,
    )


async def forget_reports(unit: UnitOfWork) -> None:
    """Those that no queue can deliver again."""
    await unit.send(SQL["forget_reports"])


async def forget(unit: UnitOfWork, *, days: int, limit: int) -> int:
    """Remove up to `limit` rows of days that are longer ago; returns how many."""
    return len(await unit.rows(SQL["forget_usage"], ForgottenDay, days=days, limit=limit))


async def used_on_day(unit: UnitOfWork, principal: str, day: date) -> UsedOnDay:
    used = await unit.row(SQL["used_on_day"], UsedOnDay, principal=principal, day=day)
    return used or UsedOnDay(0, 0, 0, 0)


async def count_document_tokens(unit: UnitOfWork, day: date, tokens: Mapping[str, int]) -> None:
    """Add what was embedded of the documents of each principal."""
    await unit.send(
        SQL["count_document_tokens"], day=day, principals=list(tokens), tokens=list(tokens.values())
    )


async def document_tokens_of_day(unit: UnitOfWork, day: date) -> int:
    """Of all principals together."""
    (embedded,) = await unit.rows(SQL["document_tokens_of_day"], EmbeddedOnDay, day=day)
    return embedded.document_tokens


async def list_usage(
    unit: UnitOfWork,
    *,
    since: date,
    until: date,
    principal: str | None,
    after: tuple[date, str],
    limit: int,
) -> list[UsageRow]:
    """By day and principal, after the ones given; of all principals where none is named."""
    return await unit.rows(
        SQL["list_usage"],
        UsageRow,
        since=since,
        until=until,
        principal=principal,
        after_day=after[0],
        after_principal=after[1],
        limit=limit,
    )
