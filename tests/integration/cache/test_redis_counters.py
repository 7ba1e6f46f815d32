"""Budgets in a real Redis: exact for all processes, and unknown while it is gone."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from shared.cache.redis_counters import RedisCounters
from shared.domain.usage import EVERYBODY, Demand, today
from tests.builders.cache import PATIENT
from tests.builders.redis import RedisServer

OWN = Demand("ada", "searches", 1, 3)
ALL = Demand(EVERYBODY, "searches", 1, 5)


@pytest.fixture
async def counters(server: RedisServer) -> AsyncIterator[RedisCounters]:
    opened = RedisCounters(server.url, budget_seconds=PATIENT)
    yield opened
    server.resume_or_start()
    await opened.aclose()


async def test_no_more_is_spent_than_there_is(server: RedisServer, counters: RedisCounters) -> None:
    other = RedisCounters(server.url, budget_seconds=PATIENT)
    spent = await asyncio.gather(*(each.spend(today(), [OWN, ALL]) for each in (counters, other) * 10))
    await other.aclose()
    assert spent.count((None,)) == 3
    assert spent.count((OWN,)) == 17
    # What one's own budget refused was not taken from everybody's.
    for refused in (None, None, ALL):
        assert await counters.spend(today(), [OWN._replace(principal="bob"), ALL]) == (refused,)
    async with Redis.from_url(server.url) as redis:
        assert 172_000 < await redis.ttl(f"concord:{{limits}}:{today()}:searches:ada") <= 172_800


async def test_searches_together_spend_all_of_a_budget_and_no_more(
    server: RedisServer, counters: RedisCounters
) -> None:
    several = Demand("together", "searches", 3, 100)
    others = [counters, *(RedisCounters(server.url, budget_seconds=PATIENT) for _ in range(3))]
    spent = await asyncio.gather(*(each.spend(today(), [several]) for each in others * 15))
    assert (spent.count((None,)), spent.count((several,))) == (33, 27)
    # One is left, which several are more than.
    one = several._replace(amount=1)
    assert [await counters.spend(today(), [one]) for _ in range(2)] == [(None,), (one,)]
    for other in others[1:]:
        await other.aclose()


async def test_what_has_no_limit_is_counted_and_what_asks_is_not(counters: RedisCounters) -> None:
    asking = Demand("ada", "embedded_tokens", 0, 5)
    for _ in range(3):
        assert await counters.spend(today(), [asking]) == (None,)
    assert await counters.spend(today(), [asking._replace(amount=9, limit=None)]) == (None,)
    assert await counters.spend(today(), [asking]) == (asking,)


async def test_what_is_no_number_is_overwritten_or_unknown(
    server: RedisServer, counters: RedisCounters
) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.lpush(f"concord:{{limits}}:{today()}:searches:ada", "a")
    # Redis refuses to count there: the caller counts elsewhere.
    assert await counters.spend(today(), [OWN]) is None


async def test_a_redis_that_is_gone_says_nothing(server: RedisServer, counters: RedisCounters) -> None:
    assert await counters.spend(today(), [OWN]) == (None,)
    server.kill()
    assert await counters.spend(today(), [OWN]) is None
