"""Connections and servers that go away, and come back."""

import asyncio
import contextvars
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from shared.database.connections import SingleConnection
from shared.database.pool import PooledConnections
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.principals import ADMIN
from shared.errors import ConcordError, DatabaseUnavailable
from tests.builders.claims import SLEEP, Claimed, Text, claimed, claimed_in, in_unit, pool, principal
from tests.builders.library import settings_of
from tests.builders.postgres import (
    folder_for_servers,
    halt_postgres,
    resume_postgres,
    start_postgres,
    stop_postgres,
)


async def test_a_dropped_connection_is_replaced_once(database: SingleConnection, database_url: str) -> None:
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


async def test_a_connection_that_gives_no_sign_of_life_is_replaced(
    database: SingleConnection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (await claimed_in(database)).process
    monkeypatch.setattr("shared.database.connections.PROBE_AFTER_IDLE_SECONDS", 0.0)
    # As behind a middlebox that has forgotten the connection: nothing tells that it has ended.
    monkeypatch.setattr("shared.database.connections.was_dropped", lambda _: False)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    assert (await claimed_in(database)).process != before


async def test_a_connection_that_ends_within_a_unit(database: SingleConnection, database_url: str) -> None:
    processes = []

    async def end_it(unit: UnitOfWork) -> None:
        processes.append((await claimed(unit)).process)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", processes)
        await claimed(unit)

    with pytest.raises(DatabaseUnavailable):
        await in_unit(database, end_it)
    assert (await claimed_in(database)).process not in processes


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
    stopping, recovered = asyncio.Event(), asyncio.Event()

    async def keep_working(number: int) -> None:
        while not stopping.is_set():
            try:
                outcomes.append(await claimed_in(database, principal(number)))
            except ConcordError as error:
                outcomes.append(error)
            if sum(isinstance(outcome, Claimed) for outcome in outcomes) >= 20:
                recovered.set()
            await asyncio.sleep(0.005)

    workers = [asyncio.create_task(keep_working(number)) for number in range(3)]
    in_flight = asyncio.create_task(in_unit(database, lambda unit: unit.rows(SLEEP, Text, seconds=60)))
    await asyncio.sleep(0.1)
    await server.halt()
    with pytest.raises(DatabaseUnavailable):
        await in_flight
    await server.resume()
    outcomes.clear()
    recovered.clear()
    async with asyncio.timeout(20):
        await recovered.wait()
    stopping.set()
    await asyncio.gather(*workers)
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConcordError)]
    assert all(isinstance(error, DatabaseUnavailable) for error in refused)
    await database.aclose()


async def test_a_pool_replaces_all_that_were_dropped(database_url: str) -> None:
    async with pool(database_url, size=3) as connections:

        async def together() -> set[int]:
            everybody = asyncio.Barrier(3)

            async def work() -> int:
                async with connections.unit_of_work(ADMIN) as unit:
                    await everybody.wait()
                    return (await claimed(unit)).process

            return set(await asyncio.gather(work(), work(), work()))

        before = await together()
        with psycopg.connect(database_url, autocommit=True) as other:
            for process in before:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        async with asyncio.timeout(5):
            after = await together()
        assert len(after) == 3
        assert not before & after


async def test_a_pool_tells_when_its_server_is_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.pool.WAIT_FOR_CONNECTION_SECONDS", 0.2)
    async with pool(server.url) as connections:
        await claimed_in(connections)
        await server.halt()
        with pytest.raises(DatabaseUnavailable):
            await claimed_in(connections)
        await server.resume()


async def test_a_pool_rests_while_nobody_waits(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.pool.WAIT_FOR_CONNECTION_SECONDS", 0.2)
    async with pool(server.url) as connections:
        await claimed_in(connections)
        await server.halt()
        with pytest.raises(DatabaseUnavailable):
            await claimed_in(connections)
        await asyncio.sleep(2.5)
        attempts = connections._pool.get_stats()["connections_num"]
        await asyncio.sleep(1.5)
        assert connections._pool.get_stats()["connections_num"] == attempts
        await server.resume()
        assert await claimed_in(connections)
