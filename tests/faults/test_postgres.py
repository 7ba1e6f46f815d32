"""PostgreSQL restarts, dies, freezes, is full: what was acknowledged stays, and nobody has to help."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.database.pool import PooledConnections
from shared.embeddings.protocol import Embedder
from shared.errors import DatabaseUnavailable
from tests.builders.acknowledged import recount_acknowledged, writing
from tests.builders.calls import Calls
from tests.builders.fallible_postgres import FalliblePostgres
from tests.builders.library import Library, settings_of
from tests.builders.postgres_proxy import postgres_proxy
from tests.faults.conftest import Figures, OpenFunctions

# How long after a server is back the first write may come.
RECOVERY_SECONDS = 5.0


@asynccontextmanager
async def pooled_library(url: str, embedder: Embedder, **settings: object) -> AsyncIterator[Library]:
    """A collection, written to through a pool, as `concord up` does it."""
    database = PooledConnections(settings_of(url, **settings))
    library = Library(database, embedder)
    await library.create()
    yield library
    await database.aclose()


type Fault = Callable[[FalliblePostgres], Awaitable[None]]


async def _restart(server: FalliblePostgres) -> None:
    await asyncio.to_thread(server.stop, "immediate")
    await asyncio.to_thread(server.start)


async def _kill(server: FalliblePostgres) -> None:
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)


async def _stay_away(server: FalliblePostgres) -> None:
    """For so long that whoever tries again ever more seldom would miss the return."""
    await asyncio.to_thread(server.stop, "immediate")
    await asyncio.sleep(8)
    await asyncio.to_thread(server.start)


@pytest.mark.parametrize("fault", [_restart, _kill, _stay_away], ids=["restart", "kill", "away"])
async def test_a_server_that_goes_and_comes(
    server: FalliblePostgres, embedder: Embedder, fault: Fault, figures: Figures, rounds: int
) -> None:
    async with pooled_library(server.url, embedder) as library:
        async with writing(library) as told:
            for _ in range(rounds):
                await told.more(40)
                await fault(server)
                back = time.monotonic()
                await told.more(1)
                assert time.monotonic() - back < RECOVERY_SECONDS
            await told.more(40)
        assert told.refused
        assert {type(error) for error in told.refused} == {DatabaseUnavailable}
        assert (await library.embed()).failed == 0
    figures.add(f"Postgres: {fault.__name__.strip('_')}", recount_acknowledged(server.url, told))


async def test_a_server_that_fails_over(
    server: FalliblePostgres, embedder: Embedder, figures: Figures, rounds: int
) -> None:
    """Its address then leads to what was its standby, which has all that was acknowledged."""
    serving = server
    with postgres_proxy(server.url) as proxy:
        async with pooled_library(proxy.url, embedder) as library, writing(library) as told:
            for number in range(rounds):
                await told.more(20)
                standby = await asyncio.to_thread(
                    serving.standby, server.data.parents[1] / f"standby-{number}"
                )
                await asyncio.to_thread(_wait_for_standby, serving)
                await told.more(20)
                await asyncio.to_thread(serving.kill)
                await asyncio.to_thread(standby.promote)
                proxy.lead_to(standby.url)
                serving = standby
            await told.more(40)
    assert {type(error) for error in told.refused} == {DatabaseUnavailable}
    figures.add("Postgres: failover", recount_acknowledged(serving.url, told))


def _wait_for_standby(server: FalliblePostgres) -> None:
    """From now on nothing is acknowledged that the standby does not have, as with Aurora and Multi-AZ."""
    server.execute("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
    deadline = time.monotonic() + 20
    while server.execute("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_address_that_led_to_a_standby_for_a_moment(
    server: FalliblePostgres, functions_of: OpenFunctions, figures: Figures
) -> None:
    """As names do for a while after a failover: who connected then is not stuck with it."""
    standby = server.standby(server.data.parents[1] / "standby")
    with postgres_proxy(server.url) as proxy:
        calls = Calls(functions_of(proxy.url))
        calls.create()
        calls.write("before")
        proxy.lead_to(standby.url)
        # The connections of other functions are as they were: these are new.
        calls = Calls(functions_of(proxy.url))
        assert calls.refusal_of_write("meanwhile") == "database_unavailable"
        proxy.lead_to(server.url)
        calls.write("after")
        assert calls.found("harbour") == {"before", "after"}
    figures.add("Postgres: address of a standby", calls.recount(server.url, "before"))


def test_a_server_that_stands_still(
    server: FalliblePostgres, functions_of: OpenFunctions, figures: Figures
) -> None:
    calls = Calls(functions_of(server.url))
    calls.create()
    calls.write("before")
    assert calls.found("harbour") == {"before"}
    server.freeze()
    started = time.monotonic()
    assert calls.refusal_of_write("meanwhile", seconds=3) == "database_unavailable"
    assert calls.refusal_of_search("harbour", seconds=3) == "database_unavailable"
    assert time.monotonic() - started < 6
    server.thaw()
    calls.write("after")
    assert calls.found("harbour") >= {"before", "after"}
    figures.add("Postgres: frozen", calls.recount(server.url))


def test_a_server_that_has_no_connection_left(
    server: FalliblePostgres, functions_of: OpenFunctions, figures: Figures
) -> None:
    Calls(functions_of(server.url)).create()
    others = _take_all_connections(server.url)
    calls = Calls(functions_of(server.url))
    assert calls.refusal_of_write("meanwhile") == "database_unavailable"
    assert calls.refusal_of_search("harbour") == "database_unavailable"
    for other in others:
        other.close()
    calls.write("after")
    assert calls.found("harbour") == {"after"}
    figures.add("Postgres: out of connections", calls.recount(server.url))


def _take_all_connections(url: str) -> list[psycopg.Connection[TupleRow]]:
    taken = []
    while True:
        try:
            taken.append(psycopg.connect(url))
        except psycopg.OperationalError:
            return taken


def test_a_server_that_resumes_from_zero(
    server: FalliblePostgres, functions_of: OpenFunctions, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    Calls(functions_of(server.url)).create()
    server.stop()
    monkeypatch.setenv("DATABASE_RESUME_SECONDS", "1")
    impatient = Calls(functions_of(server.url))
    assert impatient.refusal_of_write("meanwhile", retry_after="10") == "database_unavailable"
    monkeypatch.setenv("DATABASE_RESUME_SECONDS", "20")
    calls = Calls(functions_of(server.url))
    resuming = threading.Timer(2, server.start)
    resuming.start()
    started = time.monotonic()
    calls.write("first")
    assert time.monotonic() - started > 2
    resuming.join()
    assert calls.found("harbour") == {"first"}
    figures.add("Postgres: resuming from zero", calls.recount(server.url))
