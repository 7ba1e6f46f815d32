"""A cache over the shared Redis, and a key that no other test uses."""

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from shared.cache.protocol import CacheKey
from shared.cache.redis import RedisCache
from tests.builders.cache import PATIENT
from tests.builders.redis import RedisServer


@pytest.fixture
def key() -> CacheKey:
    return CacheKey(f"collection:{secrets.token_hex(4)}", "admin", "GET /v1/collections/books")


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    yield cache
    await cache.aclose()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis that the test may harm."""
    with RedisServer() as server:
        yield server
