"""Units of work on real connections: claims, errors, and servers that go away."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from shared.database.connections import SingleConnection
from shared.database.pool import PooledConnections
from shared.database.statements import Statement
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.principals import ADMIN, Permission, Principal
from shared.embeddings.protocol import Embedder
from shared.errors import ConcordError, DatabaseError, DatabaseUnavailable, NetworkCallInUnitOfWork
from shared.queues.null import NullEmbedQueue
from tests.builders.library import settings_of
from tests.builders.postgres import (
    folder_for_servers,
    halt_postgres,
    resume_postgres,
    start_postgres,
    stop_postgres,
)

CLAIMED = Statement(
    "claimed",
    "SELECT current_setting('concord.principal', true) AS principal, pg_backend_pid() AS process",
)
SLEEP = Statement("sleep", "SELECT pg_sleep(%(seconds)s)::text AS text")
INSERT_SPACE = Statement(
    "insert_space",
    "INSERT INTO concord.embedding_space (model, dimensions) VALUES (%(model)s, 3)",
)
LIST_SPACES = Statement("list_spaces", "SELECT model AS text FROM concord.embedding_space ORDER BY model")
NONSENSE = Statement("nonsense", "SELECT 1 / 0 AS text")


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


async def spaces(database: Database) -> list[str]:
    async with database.unit_of_work(ADMIN) as unit:
        return [row.text for row in await unit.rows(LIST_SPACES, Text)]


def principal(number: int) -> Principal:
    return Principal(f"principal-{number}", frozenset(Permission))


async def test_interleaved_units_see_no_claims_but_their_own(database_url: str) -> None:
    processes: set[int] = set()

    async def work(database: Database, number: int) -> None:
        name = f"principal-{number}"
        async with database.unit_of_work(principal(number)) as unit:
            first = await unit.start(CLAIMED, Claimed)
            for turn in range(5):
                await asyncio.sleep(0.001 * ((number * 7 + turn) % 5))
                seen = await claimed(unit)
                assert seen.principal == name
                processes.add(seen.process)
            assert [row.principal for row in await first.rows()] == [name]

    async with pool(database_url) as database:
        await asyncio.gather(*(work(database, number) for number in range(50)))
    assert 1 < len(processes) <= 8


async def test_one_connection_serves_units_in_turn(database: SingleConnection) -> None:
    async def work(number: int) -> Claimed:
        async with database.unit_of_work(principal(number)) as unit:
            await asyncio.sleep(0.001)
            return await claimed(unit)

    seen = await asyncio.gather(*(work(number) for number in range(10)))
    assert [row.principal for row in seen] == [f"principal-{number}" for number in range(10)]
    assert len({row.process for row in seen}) == 1


async def test_claims_and_limits_end_with_their_unit(database: SingleConnection) -> None:
    left = "SELECT current_setting('concord.principal', true), current_setting('statement_timeout')"
    await claimed_in(database, principal(1))
    connection = database._connection
    assert connection is not None
    assert await (await connection.execute(left)).fetchone() == ("", "0")
    with pytest.raises(ZeroDivisionError):
        async with database.unit_of_work(principal(2)) as unit:
            await claimed(unit)
            raise ZeroDivisionError
    assert await (await connection.execute(left)).fetchone() == ("", "0")


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_an_error_in_the_body_undoes_the_unit(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(ZeroDivisionError):
            async with tried.unit_of_work(ADMIN) as unit:
                await unit.send(INSERT_SPACE, model="a")
                raise ZeroDivisionError
        assert await spaces(tried) == []
        async with tried.unit_of_work(ADMIN) as unit:
            await unit.send(INSERT_SPACE, model="b")
        assert await spaces(tried) == ["b"]


@pytest.mark.parametrize("noticed", ["at the commit", "at a read"])
async def test_an_error_of_a_pipelined_statement_undoes_the_unit(
    database: SingleConnection, noticed: str
) -> None:
    async with database.unit_of_work(ADMIN) as unit:
        await unit.send(INSERT_SPACE, model="a")
    with pytest.raises(DatabaseError) as refusal:
        async with database.unit_of_work(ADMIN) as unit:
            await unit.send(INSERT_SPACE, model="b")
            await unit.send(INSERT_SPACE, model="a")
            await unit.send(INSERT_SPACE, model="c")
            if noticed == "at a read":
                await unit.rows(LIST_SPACES, Text)
    assert refusal.value.constraint == "embedding_space_model_dimensions_key"
    assert refusal.value.sqlstate == "23505"
    assert "embedding_space" not in refusal.value.message
    assert await spaces(database) == ["a"]


async def test_a_refused_statement_without_a_constraint(database: SingleConnection) -> None:
    with pytest.raises(DatabaseError) as refusal:
        async with database.unit_of_work(ADMIN) as unit:
            await unit.rows(NONSENSE, Text)
    assert (refusal.value.constraint, refusal.value.sqlstate) == (None, "22012")
    assert refusal.value.message == "The database refused a statement (22012)."


async def test_a_statement_that_takes_too_long(database_url: str) -> None:
    database = SingleConnection(settings_of(database_url, database_statement_timeout_ms=100))
    process = (await claimed_in(database)).process
    with pytest.raises(DatabaseUnavailable):
        async with database.unit_of_work(ADMIN) as unit:
            await unit.send(INSERT_SPACE, model="a")
            await unit.rows(SLEEP, Text, seconds=20)
    assert await spaces(database) == []
    assert (await claimed_in(database)).process == process
    await database.aclose()


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_cancelled_unit_leaves_nothing_behind(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url, size=1) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), tried.unit_of_work(ADMIN) as unit:
                await unit.send(INSERT_SPACE, model="a")
                await unit.rows(SLEEP, Text, seconds=20)
        assert await spaces(tried) == []
        assert (await claimed_in(tried, principal(3))).principal == "principal-3"


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_unit_within_a_unit_is_refused(
    database: SingleConnection, database_url: str, kind: str
) -> None:
    async with pool(database_url) as connections:
        tried: Database = connections if kind == "pool" else database
        with pytest.raises(NetworkCallInUnitOfWork):
            async with tried.unit_of_work(ADMIN), tried.unit_of_work(ADMIN):
                pytest.fail("A second unit of work was opened.")
        assert await spaces(tried) == []


async def test_no_network_call_is_made_within_a_unit(
    database: SingleConnection, embedder: Embedder
) -> None:
    for call in (lambda: embedder.embed(["text"]), lambda: NullEmbedQueue().send([])):
        with pytest.raises(NetworkCallInUnitOfWork):
            async with database.unit_of_work(ADMIN) as unit:
                await unit.send(INSERT_SPACE, model="a")
                await call()
        await call()
    assert await spaces(database) == []


async def test_a_dropped_connection_is_replaced_once(
    database: SingleConnection, database_url: str
) -> None:
    before = (await claimed_in(database)).process
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    after = (await claimed_in(database)).process
    assert after != before
    assert (await claimed_in(database)).process == after


async def test_a_connection_closed_by_us_is_opened_again(database: SingleConnection) -> None:
    before = (await claimed_in(database)).process
    await database.aclose()
    assert (await claimed_in(database)).process != before


async def test_a_connection_idle_for_long_is_asked_for_a_sign_of_life(
    database: SingleConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await claimed_in(database)).process
    monkeypatch.setattr("shared.database.connections.PROBE_AFTER_IDLE_SECONDS", 0.0)
    assert (await claimed_in(database)).process == before


async def test_a_connection_that_ends_within_a_unit(database: SingleConnection, database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.unit_of_work(ADMIN) as unit:
            process = (await claimed(unit)).process
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
            await claimed(unit)
    assert (await claimed_in(database)).process != process


async def test_no_server_at_all() -> None:
    database = SingleConnection(settings_of("postgresql://postgres@localhost/x?host=/nowhere"))
    with pytest.raises(DatabaseUnavailable):
        await claimed_in(database)
    await database.aclose()


async def test_all_connections_of_a_pool_are_taken(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.pool.WAIT_FOR_CONNECTION_SECONDS", 0.1)
    async with pool(database_url, size=1) as connections, connections.unit_of_work(ADMIN):
        with pytest.raises(DatabaseUnavailable):
            # A task of its own context, as another request's is.
            await asyncio.create_task(claimed_in(connections), context=contextvars.Context())


class Server:
    """A server that a test may halt."""

    def __init__(self, folder: Path, version: int) -> None:
        self._folder, self._version = folder, version
        self.url = start_postgres(folder, version)

    async def halt(self) -> None:
        await asyncio.to_thread(halt_postgres, self._folder, self._version)

    async def resume(self) -> None:
        await asyncio.to_thread(resume_postgres, self._folder, self._version)


@pytest.fixture(scope="module")
def server(postgres_version: int) -> Iterator[Server]:
    with folder_for_servers() as name:
        folder = Path(name) / str(postgres_version)
        yield Server(folder, postgres_version)
        stop_postgres(folder, postgres_version)


@pytest.mark.parametrize("kind", ["single", "pool"])
async def test_a_server_restarts_in_the_middle_of_work(server: Server, kind: str) -> None:
    settings = settings_of(server.url, database_pool_size=4)
    database: Database = PooledConnections(settings) if kind == "pool" else SingleConnection(settings)
    outcomes: list[Claimed | ConcordError] = []
    stopping = asyncio.Event()

    async def keep_working(number: int) -> None:
        while not stopping.is_set():
            try:
                outcomes.append(await claimed_in(database, principal(number)))
            except ConcordError as error:
                outcomes.append(error)
            await asyncio.sleep(0.005)

    async def one_long_unit() -> None:
        async with database.unit_of_work(ADMIN) as unit:
            await unit.rows(SLEEP, Text, seconds=60)

    workers = [asyncio.create_task(keep_working(number)) for number in range(3)]
    in_flight = asyncio.create_task(one_long_unit())
    await asyncio.sleep(0.1)
    await server.halt()
    with pytest.raises(DatabaseUnavailable):
        await in_flight
    await server.resume()
    outcomes.clear()
    async with asyncio.timeout(20):
        while sum(isinstance(outcome, Claimed) for outcome in outcomes) < 20:
            await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.gather(*workers)
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConcordError)]
    assert all(isinstance(error, DatabaseUnavailable) for error in refused)
    await database.aclose()


async def test_a_pool_tells_when_its_server_is_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.pool.WAIT_FOR_CONNECTION_SECONDS", 0.2)
    async with pool(server.url) as connections:
        await claimed_in(connections)
        await server.halt()
        with pytest.raises(DatabaseUnavailable):
            await claimed_in(connections)
        await server.resume()
