"""The cache while Redis is slow, gone, full or flushed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState
from shared.cache.redis import RedisCache
from shared.observability import Event
from tests.builders.cache import answer_of_source, events_on, read_until, timed_read
from tests.builders.redis import RedisServer
from tests.builders.slow_proxy import slow_proxy

# The budget is 50 ms; the rest is what a busy machine may add.
LONGEST_DELAY_SECONDS = 0.15


@pytest.fixture
async def cache(server: RedisServer) -> AsyncIterator[RedisCache]:
    cache = RedisCache(server.url, ttl_seconds=60)
    yield cache
    server.resume_or_start()
    await cache.aclose()


async def test_a_killed_redis_costs_little_and_is_used_again_when_it_is_back(
    server: RedisServer,
    cache: RedisCache,
    key: CacheKey,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await read_until(cache, key, CacheState.HIT)
    capsys.readouterr()
    server.kill()
    for _ in range(3):
        answer, seconds = await timed_read(cache, key)
        assert (answer.body, answer.state) == (b"answer", CacheState.BYPASS)
        assert seconds < LONGEST_DELAY_SECONDS
    server.start()
    assert (await read_until(cache, key, CacheState.HIT)).body == b"answer"
    # One line for the outage and one for its end, however many were affected.
    assert events_on(capsys.readouterr().err) == [Event.CACHE_UNAVAILABLE, Event.CACHE_RECOVERED]


async def test_a_slow_redis_adds_its_budget_once(
    server: RedisServer, cache: RedisCache, key: CacheKey
) -> None:
    await read_until(cache, key, CacheState.HIT)
    server.pause()
    answer, seconds = await timed_read(cache, key)
    assert answer.state is CacheState.BYPASS
    assert 0.04 < seconds < LONGEST_DELAY_SECONDS
    # Nobody waits for it a second time.
    started = time.monotonic()
    for _ in range(10):
        assert (await cache.read(key, answer_of_source)).state is CacheState.BYPASS
    assert time.monotonic() - started < 0.05
    server.resume()
    await read_until(cache, key, CacheState.HIT)


async def test_the_budget_is_for_all_commands_of_a_read_together(server: RedisServer, key: CacheKey) -> None:
    async with slow_proxy(server.socket) as proxy:
        cache = RedisCache(proxy.url, ttl_seconds=60, budget_seconds=1)
        await read_until(cache, key, CacheState.HIT)
        proxy.delay_seconds = 0.4
        # Version and claim take 0.8 seconds, so storing the answer has 0.2 left.
        answer, seconds = await timed_read(cache, CacheKey(key.scope, "admin", "another"))
        assert answer == CachedAnswer(b"answer", CacheState.MISS)
        assert 0.95 < seconds < 1.15
        await cache.aclose()


async def test_waiting_for_another_reader_is_not_waiting_for_redis(
    server: RedisServer, cache: RedisCache, key: CacheKey
) -> None:
    await read_until(cache, key, CacheState.HIT)
    contended = CacheKey(key.scope, "admin", "contended")

    async def slow() -> bytes:
        await asyncio.sleep(1.5)
        return b"slow"

    async with slow_proxy(server.socket) as proxy:
        waiting = RedisCache(proxy.url, ttl_seconds=60, budget_seconds=0.6, lease_seconds=5)
        await read_until(waiting, key, CacheState.HIT)
        proxy.delay_seconds = 0.15
        holder = asyncio.create_task(cache.read(contended, slow))
        await asyncio.sleep(0.1)
        # It polls more often than its budget has room for.
        assert await waiting.read(contended, answer_of_source) == CachedAnswer(b"slow", CacheState.HIT)
        await holder
        await waiting.aclose()


async def test_a_redis_that_hangs_during_the_load_does_not_hold_up_the_answer(
    server: RedisServer, cache: RedisCache, key: CacheKey
) -> None:
    await read_until(cache, key, CacheState.HIT)

    async def load() -> bytes:
        server.pause()
        return b"answer"

    started = time.monotonic()
    answer = await cache.read(CacheKey(key.scope, "admin", "another"), load)
    assert answer == CachedAnswer(b"answer", CacheState.MISS)
    assert time.monotonic() - started < LONGEST_DELAY_SECONDS


async def test_a_redis_that_hangs_while_waiting_for_another_reader(
    server: RedisServer, cache: RedisCache, key: CacheKey
) -> None:
    other = RedisCache(server.url, ttl_seconds=60)
    await read_until(cache, key, CacheState.HIT)
    await read_until(other, key, CacheState.HIT)
    contended = CacheKey(key.scope, "admin", "contended")

    async def slow() -> bytes:
        await asyncio.sleep(1)
        return b"slow"

    holder = asyncio.create_task(other.read(contended, slow))
    await asyncio.sleep(0.1)
    waiting = asyncio.create_task(cache.read(contended, answer_of_source))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    server.pause()
    paused = time.monotonic()
    assert (await waiting) == CachedAnswer(b"answer", CacheState.MISS)
    assert time.monotonic() - paused < LONGEST_DELAY_SECONDS
    assert (await holder).body == b"slow"
    server.resume()
    await other.aclose()


async def test_a_redis_that_was_never_there(key: CacheKey, tmp_path: Path) -> None:
    cache = RedisCache(f"unix://{tmp_path}/nobody.sock", ttl_seconds=60)
    answer, seconds = await timed_read(cache, key)
    assert answer.state is CacheState.BYPASS
    assert seconds < LONGEST_DELAY_SECONDS
    await cache.invalidate(key.scope)
    # The background's attempts fail, too, and end with the cache.
    await asyncio.sleep(0.2)
    await cache.aclose()


async def test_an_invalidation_is_bounded_and_tells_when_it_failed(
    server: RedisServer,
    cache: RedisCache,
    key: CacheKey,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await read_until(cache, key, CacheState.HIT)
    server.pause()
    for _ in range(2):
        started = time.monotonic()
        await cache.invalidate(key.scope)
        assert time.monotonic() - started < LONGEST_DELAY_SECONDS
    assert events_on(capsys.readouterr().err).count(Event.CACHE_NOT_INVALIDATED) == 2


async def test_an_invalidation_is_tried_while_redis_counts_as_gone(
    server: RedisServer, key: CacheKey
) -> None:
    cache, other = (RedisCache(server.url, ttl_seconds=60) for _ in range(2))
    await read_until(other, key, CacheState.HIT)
    server.pause()
    await cache.read(key, answer_of_source)
    server.resume()
    # `cache` has not noticed yet that Redis is back; `other` never noticed that it was away.
    await cache.invalidate(key.scope)
    assert (await other.read(key, answer_of_source)).state is CacheState.MISS
    await cache.aclose()
    await other.aclose()


async def test_an_unpaid_budget_asks_nothing(
    server: RedisServer, key: CacheKey, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = RedisCache(server.url, ttl_seconds=60, budget_seconds=0)
    assert (await cache.read(key, answer_of_source)).state is CacheState.BYPASS
    assert capsys.readouterr().err == ""
    await cache.aclose()


async def test_a_flushed_redis(server: RedisServer, cache: RedisCache, key: CacheKey) -> None:
    await read_until(cache, key, CacheState.HIT)
    async with Redis.from_url(server.url) as client:
        await client.flushall()
    assert (await cache.read(key, answer_of_source)).state is CacheState.MISS
    assert (await cache.read(key, answer_of_source)).state is CacheState.HIT


async def test_a_full_redis_serves_from_the_source_and_still_invalidates(key: CacheKey) -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        cache = RedisCache(server.url, ttl_seconds=60)
        await read_until(cache, key, CacheState.HIT)
        async with Redis.from_url(server.url) as client:
            await client.config_set("maxmemory", "1")
            other = CacheKey(key.scope, "admin", "another")
            assert (await cache.read(other, answer_of_source)).state is CacheState.MISS
            # What is stored is still served, until an invalidation, which needs no memory.
            assert (await cache.read(key, answer_of_source)).state is CacheState.HIT
            await cache.invalidate(key.scope)
            await client.config_set("maxmemory", "0")
        assert (await cache.read(key, answer_of_source)).state is CacheState.MISS
        await cache.aclose()


async def test_it_is_counted_on_lambda(
    cache: RedisCache,
    server: RedisServer,
    key: CacheKey,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "documents_get")
    server.kill()
    await cache.read(key, answer_of_source)
    await cache.invalidate(key.scope)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [name for line in lines for name in line if name.startswith("Cache")]
    assert counted == ["CacheUnavailable", "CacheUnavailable", "CacheNotInvalidated"]
