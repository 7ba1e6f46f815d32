"""Databases that take their time to answer a connection: paused, starting, full, or silent for good."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from shared.aws.invocation import invocation
from shared.config import ConfigurationError
from shared.database.connections import SingleConnection
from shared.errors import DatabaseLoginRefused, DatabaseUnavailable
from tests.builders.claims import claimed_in
from tests.builders.library import settings_of
from tests.builders.postgres import (
    folder_for_servers,
    halt_postgres,
    resume_postgres,
    start_postgres,
    stop_postgres,
)
from tests.builders.postgres_proxy import PostgresProxy, postgres_proxy


@pytest.fixture
def proxy(database_url: str) -> Iterator[PostgresProxy]:
    with postgres_proxy(database_url) as running:
        yield running


def event_of(seconds: float) -> Any:
    """A context of Lambda with that much time left."""
    end = time.monotonic() + seconds
    return SimpleNamespace(get_remaining_time_in_millis=lambda: (end - time.monotonic()) * 1000)


@contextmanager
def refused_within(shortest: float, longest: float) -> Iterator[pytest.ExceptionInfo[DatabaseUnavailable]]:
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as refused:
        yield refused
    assert shortest <= time.monotonic() - started <= longest


@pytest.mark.parametrize("over_tcp", [False, True], ids=["socket", "tcp"])
async def test_a_server_that_starts_late_is_waited_for(postgres_version: int, over_tcp: bool) -> None:
    with folder_for_servers() as name:
        folder = Path(name) / str(postgres_version)
        url = start_postgres(folder, postgres_version)
        with postgres_proxy(url) as proxy:
            await asyncio.to_thread(halt_postgres, folder, postgres_version)
            settings = settings_of(proxy.url if over_tcp else url, database_resume_seconds=20)
            database = SingleConnection(settings)
            started = time.monotonic()
            waiting = asyncio.create_task(claimed_in(database))
            await asyncio.sleep(2)
            assert not waiting.done()
            await asyncio.to_thread(resume_postgres, folder, postgres_version)
            async with asyncio.timeout(10):
                assert (await waiting).process
            assert time.monotonic() - started > 2
            await database.aclose()
        stop_postgres(folder, postgres_version)


async def test_a_server_that_never_comes_is_given_up(unused_tcp_port: int) -> None:
    url = f"postgresql://postgres@127.0.0.1:{unused_tcp_port}/x"
    with refused_within(0.6, 1.3) as refused:
        await claimed_in(SingleConnection(settings_of(url, database_resume_seconds=1)))
    assert refused.value.retry_after_seconds == 10


async def test_a_server_that_never_resumes_is_not_waited_for_without_being_told_to(
    unused_tcp_port: int,
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{unused_tcp_port}/x"
    with refused_within(0, 0.5) as refused:
        await claimed_in(SingleConnection(settings_of(url)))
    assert refused.value.retry_after_seconds == 2


@pytest.mark.parametrize(("resume", "retry_after"), [(0, 2), (1, 10)])
async def test_one_that_accepts_and_stays_silent_is_given_up(
    proxy: PostgresProxy, monkeypatch: pytest.MonkeyPatch, resume: int, retry_after: int
) -> None:
    monkeypatch.setattr("shared.database.connecting.CONNECT_TIMEOUT_SECONDS", 0.4)
    proxy.fall_silent()
    with refused_within(0.4, 1.3) as refused:
        await claimed_in(SingleConnection(settings_of(proxy.url, database_resume_seconds=resume)))
    assert refused.value.retry_after_seconds == retry_after


@pytest.mark.parametrize("is_silent", [False, True], ids=["away", "silent"])
async def test_nobody_is_waited_for_longer_than_the_event_has(
    proxy: PostgresProxy, unused_tcp_port: int, is_silent: bool
) -> None:
    proxy.fall_silent()
    url = proxy.url if is_silent else f"postgresql://postgres@127.0.0.1:{unused_tcp_port}/x"
    with invocation(event_of(1.8)), refused_within(0.3, 1.2):
        await claimed_in(SingleConnection(settings_of(url, database_resume_seconds=60)))


async def test_an_event_without_time_is_refused_at_once(database_url: str) -> None:
    with invocation(event_of(0.5)), refused_within(0, 0.2):
        await claimed_in(SingleConnection(settings_of(database_url, database_resume_seconds=60)))


async def test_a_server_without_a_place_is_waited_for(database_url: str, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE one_at_a_time LOGIN CONNECTION LIMIT 1")
        try:
            url = database_url.replace("postgres@", "one_at_a_time@")
            first, second = (SingleConnection(settings_of(url, database_resume_seconds=10)) for _ in range(2))
            await claimed_in(first)
            waiting = asyncio.create_task(claimed_in(second))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            await first.aclose()
            assert (await waiting).process
            await second.aclose()
        finally:
            admin.execute("DROP ROLE one_at_a_time")


@pytest.mark.parametrize(
    ("right", "wrong"), [("postgres@", "nobody@"), ("/test_", "/no_database_")], ids=["user", "database"]
)
async def test_who_is_not_let_in_need_not_wait(database_url: str, right: str, wrong: str) -> None:
    url = database_url.replace(right, wrong, 1)
    with refused_within(0, 1) as refused:
        await claimed_in(SingleConnection(settings_of(url, database_resume_seconds=60)))
    assert refused.type is DatabaseLoginRefused
    assert "nobody" not in refused.value.message


@pytest.mark.parametrize("url", ["very secret", "postgresql://ann:very secret@db:5432/x?no_such=option"])
async def test_an_address_that_is_none_is_named_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL: not of the form") as refused:
        await claimed_in(SingleConnection(settings_of(url)))
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__
