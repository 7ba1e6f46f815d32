"""The cache while Redis is slow, gone, full or flushed, and while other processes die."""

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState
from shared.cache.redis import RedisCache
from shared.observability import Event
from tests.builders.redis import RedisServer

# The budget is 50 ms; the rest is what a busy machine may add.
LONGEST_DELAY_SECONDS = 0.15


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def key() -> CacheKey:
    return CacheKey(f"collection:{secrets.token_hex(4)}", "admin", "GET /")


@pytest.fixture
async def cache(server: RedisServer) -> AsyncIterator[RedisCache]:
    cache = RedisCache(server.url, ttl_seconds=60)
    yield cache
    server.resume_or_start()
    await cache.aclose()


async def source() -> bytes:
    return b"answer"


async def read_until(
    cache: RedisCache, key: CacheKey, wanted: CacheState, *, seconds: float = 10
) -> CachedAnswer:
    deadline = time.monotonic() + seconds
    while (answer := await cache.read(key, source)).state is not wanted:
        assert time.monotonic() < deadline, f"still {answer.state}"
        await asyncio.sleep(0.02)
    return answer


async def timed_read(cache: RedisCache, key: CacheKey) -> tuple[CachedAnswer, float]:
    started = time.monotonic()
    answer = await cache.read(key, source)
    return answer, time.monotonic() - started


def events_on(stderr: str) -> list[str]:
    return [json.loads(line)["message"] for line in stderr.splitlines()]


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
        assert (await cache.read(key, source)).state is CacheState.BYPASS
    assert time.monotonic() - started < 0.05
    server.resume()
    await read_until(cache, key, CacheState.HIT)


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
    waiting = asyncio.create_task(cache.read(contended, source))
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
    await cache.read(key, source)
    server.resume()
    # `cache` has not noticed yet that Redis is back; `other` never noticed that it was away.
    await cache.invalidate(key.scope)
    assert (await other.read(key, source)).state is CacheState.MISS
    await cache.aclose()
    await other.aclose()


async def test_an_unpaid_budget_asks_nothing(
    server: RedisServer, key: CacheKey, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = RedisCache(server.url, ttl_seconds=60, budget_seconds=0)
    assert (await cache.read(key, source)).state is CacheState.BYPASS
    assert capsys.readouterr().err == ""
    await cache.aclose()


async def test_a_flushed_redis(server: RedisServer, cache: RedisCache, key: CacheKey) -> None:
    await read_until(cache, key, CacheState.HIT)
    async with Redis.from_url(server.url) as client:
        await client.flushall()
    assert (await cache.read(key, source)).state is CacheState.MISS
    assert (await cache.read(key, source)).state is CacheState.HIT


async def test_a_full_redis_serves_from_the_source_and_still_invalidates(key: CacheKey) -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        cache = RedisCache(server.url, ttl_seconds=60)
        await read_until(cache, key, CacheState.HIT)
        async with Redis.from_url(server.url) as client:
            await client.config_set("maxmemory", "1")
            other = CacheKey(key.scope, "admin", "another")
            assert (await cache.read(other, source)).state is CacheState.MISS
            # What is stored is still served, until an invalidation, which needs no memory.
            assert (await cache.read(key, source)).state is CacheState.HIT
            await cache.invalidate(key.scope)
            await client.config_set("maxmemory", "0")
        assert (await cache.read(key, source)).state is CacheState.MISS
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
    await cache.read(key, source)
    await cache.invalidate(key.scope)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [name for line in lines for name in line if name.startswith("Cache")]
    assert counted == ["CacheUnavailable", "CacheUnavailable", "CacheNotInvalidated"]


def start_reader(
    server: RedisServer, key: CacheKey, asked: Path, seconds: float
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.builders.cache_reader"]
    command += [server.url, key.scope, str(asked), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_two_processes_ask_the_source_once(
    server: RedisServer, key: CacheKey, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    readers = [start_reader(server, key, asked, 1.5) for _ in range(2)]
    printed = [(await asyncio.to_thread(reader.communicate))[0] for reader in readers]
    assert sorted(printed) == ["hit answer\n", "miss answer\n"]
    assert asked.read_text() == "asked\n"


async def test_the_lease_of_a_killed_process_is_waited_for_and_then_not(
    server: RedisServer, cache: RedisCache, tmp_path: Path
) -> None:
    key = CacheKey(f"collection:{secrets.token_hex(4)}", "admin", "GET /")
    await read_until(cache, CacheKey(key.scope, "admin", "warm"), CacheState.HIT)
    asked = tmp_path / "asked"
    owner = start_reader(server, key, asked, 60)
    await eventually(asked.exists)
    owner.kill()
    owner.communicate()
    answer, seconds = await timed_read(cache, key)
    assert answer == CachedAnswer(b"answer", CacheState.MISS)
    assert 0.5 < seconds < 2.5
    assert (await cache.read(key, source)).state is CacheState.HIT
