"""Who asks the source when several want the same answer."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from shared.cache.protocol import CacheKey, CacheState
from shared.cache.redis import _CLAIM, RedisCache
from tests.builders.cache import PATIENT, Source, SourceError, entry_of, keys_of


async def test_concurrent_readers_of_one_process_ask_once(cache: RedisCache, key: CacheKey) -> None:
    source = Source(seconds=0.2)
    answers = await asyncio.gather(*(cache.read(key, source) for _ in range(50)))
    assert source.asked == 1
    assert {answer.body for answer in answers} == {b"answer 1"}
    states = [answer.state for answer in answers]
    assert (states.count(CacheState.MISS), states.count(CacheState.HIT)) == (1, 49)


async def test_a_reader_waits_for_the_reader_of_another_cache(
    cache: RedisCache, redis_url: str, key: CacheKey
) -> None:
    other = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    source = Source(seconds=0.2)
    answers = await asyncio.gather(cache.read(key, source), other.read(key, source))
    await other.aclose()
    assert source.asked == 1
    assert {answer.state for answer in answers} == {CacheState.MISS, CacheState.HIT}


async def test_the_lease_is_gone_when_the_answer_is_there(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    await cache.read(key, Source())
    assert not [found for found in await keys_of(redis, key) if found.endswith(b":lease")]


async def test_waiting_for_a_slow_reader_is_bounded(redis_url: str, key: CacheKey) -> None:
    caches = [
        RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT, lease_seconds=0.3) for _ in range(2)
    ]
    slow = asyncio.create_task(caches[0].read(key, Source(seconds=2, body=b"slow")))
    await asyncio.sleep(0.1)
    started = time.monotonic()
    here = caches[0].read(key, Source(body=b"same process"))
    there = caches[1].read(key, Source(body=b"another process"))
    answers = await asyncio.gather(here, there)
    assert time.monotonic() - started < 1
    assert [answer.body for answer in answers] == [b"same process", b"another process"]
    assert (await slow).body == b"slow"
    for cache in caches:
        await cache.aclose()


async def test_waiting_for_a_lease_that_does_not_end_is_bounded(
    redis_url: str, redis: Redis, cache: RedisCache, key: CacheKey
) -> None:
    await cache.read(key, Source())
    entry = await entry_of(redis, key)
    await redis.delete(entry)
    await redis.set(entry + b":lease", "somebody else's", ex=60)
    impatient = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT, lease_seconds=0.2)
    started = time.monotonic()
    answer = await impatient.read(key, Source(body=b"source"))
    assert (answer.body, answer.state) == (b"source", CacheState.MISS)
    assert 0.1 < time.monotonic() - started < 1
    assert (await cache.read(key, Source())).state is CacheState.HIT
    await impatient.aclose()


async def test_a_reader_whose_lease_ran_out_leaves_the_next_one_alone(
    redis_url: str, redis: Redis, key: CacheKey
) -> None:
    slow = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT, lease_seconds=0.1)
    next_one = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    first = asyncio.create_task(slow.read(key, Source(seconds=0.4)))
    await asyncio.sleep(0.2)
    second = asyncio.create_task(next_one.read(key, Source(seconds=0.6)))
    await first
    leases = [found for found in await keys_of(redis, key) if found.endswith(b":lease")]
    assert len(leases) == 1
    await second
    await slow.aclose()
    await next_one.aclose()


async def test_what_the_source_raises_is_not_kept_and_frees_the_lease(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    async def failing() -> bytes:
        await asyncio.sleep(0.1)
        raise SourceError

    source = Source()
    broken = asyncio.create_task(cache.read(key, failing))
    await asyncio.sleep(0.05)
    waiting = await cache.read(key, source)
    with pytest.raises(SourceError):
        await broken
    assert (waiting.body, waiting.state) == (b"answer 1", CacheState.MISS)
    assert not [found for found in await keys_of(redis, key) if found.endswith(b":lease")]
    with pytest.raises(SourceError):
        await cache.read(key, failing, bypass=True)
    assert (await cache.read(key, source)).body == b"answer 1"


async def test_a_reader_that_leaves_frees_the_lease(cache: RedisCache, key: CacheKey) -> None:
    impatient = asyncio.create_task(cache.read(key, Source(seconds=30)))
    await asyncio.sleep(0.1)
    impatient.cancel()
    started = time.monotonic()
    assert (await cache.read(key, Source())).state is CacheState.MISS
    assert time.monotonic() - started < 1
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_a_lease_of_the_wrong_type_is_served_from_the_source(
    redis_url: str, redis: Redis, key: CacheKey
) -> None:
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    await cache.read(key, Source())
    entry = await entry_of(redis, key)
    await redis.delete(entry)
    await redis.rpush(entry + b":lease", "a list")
    answer = await cache.read(key, Source(body=b"source"))
    assert (answer.body, answer.state) == (b"source", CacheState.MISS)
    # Redis only refused: it is not taken for gone, and the entry was stored without a lease.
    assert (await cache.read(key, Source())).state is CacheState.HIT
    await cache.aclose()


async def test_a_repeated_claim_of_the_same_reader_is_granted(redis: Redis, key: CacheKey) -> None:
    names = (f"concord:{{{key.scope}}}:1:a", f"concord:{{{key.scope}}}:1:a:lease")
    assert await redis.eval(_CLAIM, 2, *names, "mine", 1000) == 1
    assert await redis.eval(_CLAIM, 2, *names, "mine", 1000) == 1
    assert await redis.eval(_CLAIM, 2, *names, "another's", 1000) == 0
