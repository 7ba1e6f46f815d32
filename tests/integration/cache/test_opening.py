"""Which cache the settings ask for, and the one that keeps nothing."""

import pytest
from pydantic import SecretStr

from shared.cache.null import NullCache
from shared.cache.opening import open_cache
from shared.cache.protocol import CacheKey, CacheState
from shared.cache.redis import RedisCache
from shared.config import CacheSettings, ConfigurationError
from shared.database.boundaries import unit_of_work_is_open
from shared.errors import NetworkCallInUnitOfWork
from tests.builders.cache import Source


async def test_ttl_0_always_asks_the_source(redis_url: str, key: CacheKey) -> None:
    settings = CacheSettings(redis_url=SecretStr(redis_url), cache_ttl_seconds=0)
    cache = open_cache(settings)
    source = Source()
    answers = [await cache.read(key, source) for _ in range(3)]
    await cache.invalidate(key.scope)
    await cache.aclose()
    assert isinstance(cache, NullCache)
    assert [answer.state for answer in answers] == [CacheState.BYPASS] * 3
    assert source.asked == 3


def test_without_redis_nothing_is_cached() -> None:
    settings = CacheSettings(redis_url=None, cache_ttl_seconds=30)
    assert isinstance(open_cache(settings), NullCache)


async def test_the_configured_redis_is_used(redis_url: str) -> None:
    settings = CacheSettings(redis_url=SecretStr(redis_url), cache_ttl_seconds=30)
    cache = open_cache(settings)
    assert isinstance(cache, RedisCache)
    await cache.aclose()


@pytest.mark.parametrize("url", ["localhost:6379", "http://user:hidden@localhost"])
def test_a_malformed_address_is_named_and_not_shown(url: str) -> None:
    settings = CacheSettings(redis_url=SecretStr(url), cache_ttl_seconds=30)
    with pytest.raises(ConfigurationError, match="REDIS_URL is malformed") as caught:
        open_cache(settings)
    assert url not in str(caught.value)
    assert "hidden" not in repr(caught.value.__cause__)


@pytest.mark.parametrize("ttl", [0, 30])
async def test_it_is_refused_in_a_unit_of_work(redis_url: str, ttl: int, key: CacheKey) -> None:
    cache = open_cache(CacheSettings(redis_url=SecretStr(redis_url), cache_ttl_seconds=ttl))
    source = Source()
    token = unit_of_work_is_open.set(True)
    try:
        with pytest.raises(NetworkCallInUnitOfWork, match=r"Cache\.read"):
            await cache.read(key, source)
        with pytest.raises(NetworkCallInUnitOfWork, match=r"Cache\.invalidate"):
            await cache.invalidate(key.scope)
    finally:
        unit_of_work_is_open.reset(token)
    assert source.asked == 0
