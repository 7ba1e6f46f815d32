"""What a database tells of its own health."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork

SQL = SqlFile("shared.repositories.sql", "diagnostics")


@dataclass(frozen=True, slots=True)
class Versions:
    """Of the server and of pgvector, where that is there."""

    server: str
    pgvector: str | None


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """Documents without vectors, removals that postings still hold, deleted collections still stored."""

    pending: int
    failed: int
    uncompacted: int
    unpurged: int


@dataclass(frozen=True, slots=True)
class LoginRole:
    """Who has signed in, the role in whose name statements run, and whether row-level security binds it."""

    user_name: str
    role: str
    is_bound: bool


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    name: str


async def find_versions(unit: UnitOfWork) -> Versions | None:
    return await unit.row(SQL["find_versions"], Versions)


async def find_login(unit: UnitOfWork) -> LoginRole | None:
    return await unit.row(SQL["find_login"], LoginRole)


async def list_invalid_indexes(unit: UnitOfWork) -> Sequence[str]:
    return [index.name for index in await unit.rows(SQL["list_invalid_indexes"], InvalidIndex)]


async def count_work(unit: UnitOfWork) -> WorkLeft | None:
    """The migrations must have been applied."""
    return await unit.row(SQL["count_work"], WorkLeft)
