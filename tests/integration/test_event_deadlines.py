"""Units of work end in time to answer the event, whatever the database does."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from shared.aws.invocation import after_invocation, invocation, seconds_left
from shared.database.connections import SingleConnection
from shared.database.statements import Statement
from shared.database.units_of_work import UnitOfWork, hanging_up_after
from shared.domain.principals import ADMIN
from shared.errors import DatabaseUnavailable
from tests.builders.claims import SLEEP, Text, claimed, claimed_in, in_unit
from tests.builders.library import settings_of
from tests.builders.postgres_proxy import PostgresProxy, postgres_proxy

TIMEOUT = Statement("timeout", "SELECT current_setting('statement_timeout') AS text")


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresProxy]:
    with postgres_proxy(database_url) as running:
        yield running


@contextmanager
def event_of(seconds: float) -> Iterator[None]:
    """An event that has to be answered within that time."""
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
    with invocation(context):
        yield


@contextmanager
def unavailable_within(shortest: float, longest: float) -> Iterator[None]:
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        yield
    assert shortest <= time.monotonic() - started <= longest


async def timeout_in(database: SingleConnection) -> str:
    async with database.unit_of_work(ADMIN) as unit:
        row = await unit.row(TIMEOUT, Text)
    assert row is not None
    return row.text


async def test_a_statement_may_take_what_is_configured_and_no_longer_than_the_event(
    database: SingleConnection,
) -> None:
    assert await timeout_in(database) == "20s"
    with event_of(60):
        assert await timeout_in(database) == "20s"
    with event_of(5):
        assert 3_500 <= int((await timeout_in(database)).removesuffix("ms")) <= 4_000
    assert await timeout_in(database) == "20s"


async def test_a_slow_statement_is_cancelled_and_the_connection_kept(database: SingleConnection) -> None:
    process = (await claimed_in(database)).process
    with event_of(1.5), unavailable_within(0.4, 0.9):
        await in_unit(database, lambda unit: unit.rows(SLEEP, Text, seconds=20))
    assert (await claimed_in(database)).process == process


async def test_statements_that_are_slow_together_are_hung_up_on(database: SingleConnection) -> None:
    async def sleep_thrice(unit: UnitOfWork) -> None:
        for _ in range(3):
            await unit.rows(SLEEP, Text, seconds=0.4)

    process = (await claimed_in(database)).process
    with event_of(1.5), unavailable_within(0.9, 1.3):
        await in_unit(database, sleep_thrice)
    assert (await claimed_in(database)).process != process


async def test_a_server_that_falls_silent_is_hung_up_on(proxy: PostgresProxy) -> None:
    database = SingleConnection(settings_of(proxy.url))

    async def silence_and_ask(unit: UnitOfWork) -> None:
        await claimed(unit)
        proxy.fall_silent()
        await claimed(unit)

    with event_of(1.5), unavailable_within(0.9, 1.3):
        await in_unit(database, silence_and_ask)
    proxy.speak_again()
    assert (await claimed_in(database)).process
    await database.aclose()


async def test_a_connection_that_was_forgotten_on_the_way_is_replaced(
    proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a middlebox: nothing that is sent arrives, and nothing says so."""
    database = SingleConnection(settings_of(proxy.url))
    process = (await claimed_in(database)).process
    monkeypatch.setattr("shared.database.connections.PROBE_AFTER_IDLE_SECONDS", 0.0)
    monkeypatch.setattr("shared.database.connections.CONNECT_TIMEOUT_SECONDS", 0.3)
    proxy.fall_silent()
    asking = asyncio.create_task(claimed_in(database))
    await asyncio.sleep(0.1)
    proxy.speak_again()
    async with asyncio.timeout(2):
        assert (await asking).process != process
    await database.aclose()


async def test_nobody_hangs_up_on_a_connection_that_has_ended(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = await psycopg.AsyncConnection.connect(database_url)
    with hanging_up_after(connection, 0.05):
        await connection.close()
        await asyncio.sleep(0.1)
    assert caplog.records == []


async def test_without_time_no_unit_is_begun(database: SingleConnection) -> None:
    await claimed_in(database)
    with event_of(0.9), unavailable_within(0, 0.1):
        await claimed_in(database)


def test_outside_of_an_event_there_is_time_and_nothing_is_left_for_afterwards() -> None:
    async def never() -> None:
        pytest.fail("There is no event to come after.")

    after_invocation(never)
    assert seconds_left(reserve=5) == float("inf")


@pytest.mark.parametrize("context", [None, SimpleNamespace()])
def test_a_context_without_time_has_what_it_may_have_at_most(context: Any) -> None:
    with invocation(context, at_most_seconds=10):
        assert 3 < seconds_left(reserve=5) <= 5
    with invocation(context):
        assert seconds_left() == float("inf")


async def test_what_is_left_for_afterwards_is_done_once() -> None:
    done = []

    async def work() -> None:
        done.append(1)

    with invocation(None) as current:
        after_invocation(work)
        after_invocation(work)
        await current.finish()
        await current.finish()
    assert done == [1]
