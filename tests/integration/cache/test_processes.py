"""The cache among several processes, one of which dies."""

import asyncio
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState
from shared.cache.redis import RedisCache
from tests.builders.cache import answer_of_source, read_until, timed_read
from tests.builders.redis import RedisServer


@pytest.fixture
async def cache(server: RedisServer) -> AsyncIterator[RedisCache]:
    cache = RedisCache(server.url, ttl_seconds=60)
    yield cache
    server.resume_or_start()
    await cache.aclose()


def start_reader(server: RedisServer, key: CacheKey, asked: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.builders.cache_reader"]
    command += [server.url, key.scope, str(asked), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_two_processes_ask_the_source_once(server: RedisServer, key: CacheKey, tmp_path: Path) -> None:
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
    assert (await cache.read(key, answer_of_source)).state is CacheState.HIT
