"""Pools that have nothing left: callers are told to come back, in time."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest

from functions.collections_get.handler import router as collections_get
from shared.cache.null import NullCache
from shared.config import DatabaseSettings, HttpSettings
from shared.database.pool import PooledConnections
from shared.http.application import build_application
from tests.builders.library import settings_of
from tests.builders.pooler import pooler

_PATH = "/v1/collections/library"


async def _answers(settings: DatabaseSettings, callers: int) -> list[httpx.Response]:
    """What so many are answered at once by what `concord up` serves on these settings."""
    application = build_application([collections_get], HttpSettings())
    application.state.database = database = PooledConnections(settings)
    application.state.cache = NullCache()
    transport = httpx.ASGITransport(app=application)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://concord", timeout=60) as client:
            return await asyncio.gather(*(client.get(_PATH) for _ in range(callers)))
    finally:
        await database.aclose()


def _tells_to_come_back(answer: httpx.Response) -> bool:
    told = answer.json()["error"]["code"] == "database_unavailable"
    return told and answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


@pytest.fixture
async def held_url(direct_url: str) -> AsyncIterator[str]:
    """The way through a pooler of one connection, which somebody holds, with room for two more clients."""
    with pooler(direct_url, pool_size=1, max_clients=3, wait_seconds=2) as through:
        async with await psycopg.AsyncConnection.connect(through.url, prepare_threshold=None) as holder:
            await holder.execute("SELECT 1")
            yield through.url
            await holder.rollback()


async def test_a_pooler_that_lets_nobody_at_the_server(held_url: str) -> None:
    started = time.monotonic()
    answers = await _answers(settings_of(held_url, database_pool_size=1), 1)
    assert [_tells_to_come_back(answer) for answer in answers] == [True]
    assert time.monotonic() - started < 6


async def test_a_pooler_that_lets_no_more_clients_in(held_url: str) -> None:
    others = [await psycopg.AsyncConnection.connect(held_url, autocommit=True) for _ in range(2)]
    started = time.monotonic()
    answers = await _answers(settings_of(held_url), 5)
    assert [_tells_to_come_back(answer) for answer in answers] == [True] * 5
    assert time.monotonic() - started < 15
    for other in others:
        await other.close()


async def test_a_pool_of_concords_own_that_has_nothing_left(direct_url: str) -> None:
    settings = settings_of(direct_url, database_pool_size=2, database_statement_timeout_ms=12_000)
    lock = "LOCK TABLE concord.collection IN ACCESS EXCLUSIVE MODE"
    async with await psycopg.AsyncConnection.connect(direct_url) as holder:
        await holder.execute(lock)
        started = time.monotonic()
        answers = await _answers(settings, 50)
        assert time.monotonic() - started < 30
        await holder.rollback()
    # Two wait for the lock until their statement has taken too long, all others for a connection.
    assert [_tells_to_come_back(answer) for answer in answers] == [True] * 50
