"""Many reads at once in one process, which is busy with them."""

import asyncio
import math
import time

import pytest
from redis.asyncio import Redis

from shared.cache.protocol import CacheKey, CacheState
from shared.cache.redis import RedisCache
from tests.builders.cache import PATIENT, Source, answer_of_source
from tests.builders.redis import RedisServer
from tests.builders.slow_proxy import slow_proxy

READERS = 200


async def _asked(redis: Redis) -> int:
    """How many commands Redis has been sent, other than this one."""
    statistics = await redis.info("commandstats")
    return sum(counted["calls"] for name, counted in statistics.items() if name != "cmdstat_info")


async def test_a_busy_process_takes_no_quick_redis_for_a_slow_one(redis_url: str, key: CacheKey) -> None:
    cache = RedisCache(redis_url, ttl_seconds=60)
    assert (await cache.read(key, answer_of_source)).state is CacheState.MISS

    async def busy() -> None:
        while True:
            # Longer than the whole budget, each time that it is this task's turn.
            time.sleep(0.06)  # noqa: ASYNC251 - see above
            await asyncio.sleep(0)

    working = asyncio.create_task(busy())
    answers = [await cache.read(key, answer_of_source) for _ in range(3)]
    working.cancel()
    assert [answer.state for answer in answers] == [CacheState.HIT] * 3
    await cache.aclose()


async def test_readers_at_once_share_trips(redis_url: str, redis: Redis, key: CacheKey) -> None:
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    keys = [key._replace(request=f"GET /{number}") for number in range(READERS)]
    sources = [Source(body=f"answer {number}".encode()) for number in range(READERS)]
    both = list(zip(keys, sources, strict=True))
    await asyncio.gather(*(cache.read(each, source) for each, source in both))
    before = await _asked(redis)
    answers = await asyncio.gather(*(cache.read(each, source) for each, source in both))
    assert [answer.state for answer in answers] == [CacheState.HIT] * READERS
    assert [answer.body for answer in answers] == [f"answer {number}".encode() for number in range(READERS)]
    # Of 32 entries each, as the largest ones together must not take too long.
    assert await _asked(redis) - before == math.ceil(READERS / 32)
    await cache.aclose()


async def test_one_reader_of_what_is_kept_makes_one_trip(redis_url: str, redis: Redis, key: CacheKey) -> None:
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    await cache.read(key, Source())
    before = await _asked(redis)
    assert (await cache.read(key, Source())).state is CacheState.HIT
    assert await _asked(redis) - before == 1
    await cache.aclose()


async def test_a_reading_that_began_before_an_invalidation_is_not_shared_after_it(
    server: RedisServer, key: CacheKey
) -> None:
    source = Source()
    async with slow_proxy(server.socket) as proxy:
        cache = RedisCache(proxy.url, ttl_seconds=60, budget_seconds=PATIENT)
        other = RedisCache(server.url, ttl_seconds=60, budget_seconds=PATIENT)
        assert (await cache.read(key, source)).body == b"answer 1"
        proxy.delay_seconds = 0.2
        before = asyncio.create_task(cache.read(key, source))
        await asyncio.sleep(0.1)
        await other.invalidate(key.scope)
        after = await asyncio.gather(cache.read(key, source), cache.read(key, source))
        assert (await before).body == b"answer 1"
        assert [answer.body for answer in after] == [b"answer 2"] * 2
        await cache.aclose()
        await other.aclose()


async def test_a_reader_who_gives_up_leaves_the_others_their_reading(
    server: RedisServer, key: CacheKey
) -> None:
    async with slow_proxy(server.socket) as proxy:
        cache = RedisCache(proxy.url, ttl_seconds=60, budget_seconds=PATIENT)
        proxy.delay_seconds = 0.2
        impatient = asyncio.create_task(cache.read(key, answer_of_source))
        patient = asyncio.create_task(cache.read(key, answer_of_source))
        await asyncio.sleep(0.1)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert (await patient).state is CacheState.MISS
        last = asyncio.create_task(cache.read(key, answer_of_source))
        await asyncio.sleep(0.1)
        last.cancel()
        with pytest.raises(asyncio.CancelledError):
            await last
        # Closing waits for what that reader has left behind, and so does the proxy for what it delays.
        await cache.aclose()
        await asyncio.sleep(0.3)
