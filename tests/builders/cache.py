"""Sources to be cached, reads of them, and a look at what the cache keeps in Redis."""

import asyncio
import json
import time

from redis.asyncio import Redis

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState
from shared.cache.redis import RedisCache

# What is answered counts here, not how soon: a busy machine must not look like a slow Redis.
PATIENT = 10.0


class Source:
    """Answers with a new body each time, and counts."""

    def __init__(self, *, seconds: float = 0, body: bytes | None = None) -> None:
        self.asked = 0
        self._seconds = seconds
        self._body = body

    async def __call__(self) -> bytes:
        self.asked += 1
        answer = self._body if self._body is not None else f"answer {self.asked}".encode()
        await asyncio.sleep(self._seconds)
        return answer


class SourceError(Exception):
    pass


async def keys_of(redis: Redis, key: CacheKey) -> list[bytes]:
    return [found async for found in redis.scan_iter(match=f"concord:{{{key.scope}}}:*")]


async def entry_of(redis: Redis, key: CacheKey) -> bytes:
    (entry,) = [found for found in await keys_of(redis, key) if not found.endswith(b":version")]
    return entry


async def answer_of_source() -> bytes:
    return b"answer"


async def read_until(
    cache: RedisCache, key: CacheKey, wanted: CacheState, *, seconds: float = 10
) -> CachedAnswer:
    deadline = time.monotonic() + seconds
    while (answer := await cache.read(key, answer_of_source)).state is not wanted:
        assert time.monotonic() < deadline, f"still {answer.state}"
        await asyncio.sleep(0.02)
    return answer


async def timed_read(cache: RedisCache, key: CacheKey) -> tuple[CachedAnswer, float]:
    started = time.monotonic()
    answer = await cache.read(key, answer_of_source)
    return answer, time.monotonic() - started


def events_on(stderr: str) -> list[str]:
    return [json.loads(line)["message"] for line in stderr.splitlines()]
