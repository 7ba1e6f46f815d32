"""Units of work that tell whose they are."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.database.pool import PooledConnections
from shared.database.statements import Statement
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.principals import ADMIN, Permission, Principal
from tests.builders.library import settings_of

CLAIMED = Statement(
    "claimed",
    "SELECT current_setting('concord.principal', true) AS principal, pg_backend_pid() AS process",
)


SLEEP = Statement("sleep", "SELECT pg_sleep(%(seconds)s)::text AS text")


@dataclass
class Claimed:
    principal: str | None
    process: int


@dataclass
class Text:
    text: str


@asynccontextmanager
async def pool(database_url: str, size: int = 8) -> AsyncIterator[PooledConnections]:
    connections = PooledConnections(settings_of(database_url, database_pool_size=size))
    yield connections
    await connections.aclose()


async def claimed_in(database: Database, principal: Principal = ADMIN) -> Claimed:
    async with database.unit_of_work(principal) as unit:
        return await claimed(unit)


async def claimed(unit: UnitOfWork) -> Claimed:
    row = await unit.row(CLAIMED, Claimed)
    assert row is not None
    return row


def principal(number: int) -> Principal:
    return Principal(f"principal-{number}", frozenset(Permission))


async def in_unit(database: Database, work: Callable[[UnitOfWork], Awaitable[object]]) -> None:
    """Do `work` in a unit of its own."""
    async with database.unit_of_work(ADMIN) as unit:
        await work(unit)


# For sessions beside Concord's own, whose statements row-level security would else show nothing.
EVERYTHING = "-c concord.collections=* -c concord.readers=*"
