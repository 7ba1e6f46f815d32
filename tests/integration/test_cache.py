"""The rules of the read-through cache, on a real Redis that answers."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from typing import cast

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from shared.cache.null import NullCache
from shared.cache.opening import open_cache
from shared.cache.protocol import CacheKey, CacheState
from shared.cache.redis import _CLAIM, RedisCache
from shared.config import ConfigurationError, CacheSettings
from shared.database.boundaries import unit_of_work_is_open
from shared.errors import NetworkCallInUnitOfWork

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


async def keys_of(redis: Redis, key: CacheKey) -> list[bytes]:
    return [found async for found in redis.scan_iter(match=f"concord:{{{key.scope}}}:*")]


async def entry_of(redis: Redis, key: CacheKey) -> bytes:
    (entry,) = [found for found in await keys_of(redis, key) if not found.endswith(b":version")]
    return entry


async def test_the_second_reader_gets_what_the_first_one_did(
    cache: RedisCache, key: CacheKey
) -> None:
    source = Source()
    first = await cache.read(key, source)
    second = await cache.read(key, source)
    assert (first.body, first.state) == (b"answer 1", CacheState.MISS)
    assert (second.body, second.state) == (b"answer 1", CacheState.HIT)
    assert source.asked == 1


async def test_bypass_asks_the_source_and_refreshes_the_entry(
    cache: RedisCache, key: CacheKey
) -> None:
    source = Source()
    await cache.read(key, source)
    bypassed = await cache.read(key, source, bypass=True)
    after = await cache.read(key, source)
    assert (bypassed.body, bypassed.state) == (b"answer 2", CacheState.BYPASS)
    assert (after.body, after.state) == (b"answer 2", CacheState.HIT)


async def test_an_entry_ends_with_its_ttl(redis_url: str, key: CacheKey) -> None:
    cache = RedisCache(redis_url, ttl_seconds=1, budget_seconds=PATIENT)
    source = Source()
    await cache.read(key, source)
    assert (await cache.read(key, source)).state is CacheState.HIT
    await asyncio.sleep(1.1)
    assert (await cache.read(key, source)).state is CacheState.MISS
    await cache.aclose()


async def test_a_version_outlives_its_entries(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    await cache.read(key, Source())
    assert 0 < await redis.ttl(await entry_of(redis, key)) <= 60
    assert await redis.ttl(f"concord:{{{key.scope}}}:version") > 60


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


async def test_invalidation_reaches_the_named_scopes_only(cache: RedisCache, key: CacheKey) -> None:
    source = Source()
    others = [CacheKey(f"{key.scope}-{name}", "admin", "GET /") for name in ("b", "c")]
    for read in (key, *others):
        await cache.read(read, source)
    await cache.invalidate(key.scope, others[0].scope)
    states = [(await cache.read(read, source)).state for read in (key, *others)]
    assert states == [CacheState.MISS, CacheState.MISS, CacheState.HIT]


async def test_a_load_that_overlapped_an_invalidation_is_not_served_afterwards(
    cache: RedisCache, key: CacheKey
) -> None:
    loading, written = asyncio.Event(), asyncio.Event()

    async def slow_load() -> bytes:
        loading.set()
        await written.wait()
        return b"before the write"

    reader = asyncio.create_task(cache.read(key, slow_load))
    await loading.wait()
    await cache.invalidate(key.scope)
    # It neither waits for the load under way nor is served by it.
    during = await cache.read(key, Source(body=b"after the write"))
    written.set()
    assert (await reader).body == b"before the write"
    after = await cache.read(key, Source())
    assert (during.body, during.state) == (b"after the write", CacheState.MISS)
    assert (after.body, after.state) == (b"after the write", CacheState.HIT)


async def test_a_bypass_that_overlapped_an_invalidation_is_not_served_afterwards(
    cache: RedisCache, key: CacheKey
) -> None:
    async def load() -> bytes:
        await cache.invalidate(key.scope)
        return b"before the write"

    await cache.read(key, load, bypass=True)
    assert (await cache.read(key, Source())).state is CacheState.MISS


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
        RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT, lease_seconds=0.3)
        for _ in range(2)
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


async def test_principals_do_not_share(cache: RedisCache, key: CacheKey) -> None:
    await cache.read(key, Source(body=b"what the admin sees"))
    other = CacheKey(key.scope, "reader", key.request)
    assert (await cache.read(other, Source(body=b"less"))).body == b"less"
    # The end of a name and the beginning of a request cannot be mistaken for one another.
    shifted = CacheKey(key.scope, "adminG", key.request.removeprefix("G"))
    assert (await cache.read(shifted, Source())).state is CacheState.MISS


async def test_keys_show_no_query(cache: RedisCache, redis: Redis, key: CacheKey) -> None:
    private = CacheKey(key.scope, "someone", 'GET /search?q="salary of \ud800"')
    await cache.read(private, Source())
    found = await keys_of(redis, key)
    assert len(found) == 2
    assert not any(b"salary" in name or b"someone" in name for name in found)


async def test_a_large_answer_is_not_kept_and_nobody_waits_for_it(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    large = Source(body=b"x" * 1_000_001)
    assert (await cache.read(key, large)).state is CacheState.MISS
    assert await redis.strlen(await entry_of(redis, key)) == 0
    assert (await cache.read(key, large)).body == b"x" * 1_000_001
    assert large.asked == 2
    await cache.read(key, Source(body=b"smaller now"))
    assert (await cache.read(key, large)).body == b"smaller now"


async def test_a_flushed_or_evicted_version_never_comes_back(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    version = f"concord:{{{key.scope}}}:version"
    seen = set()
    for _ in range(3):
        assert (await cache.read(key, Source())).state is CacheState.MISS
        seen.add(cast("bytes", await redis.get(version)))
        await redis.delete(version)
    assert len(seen) == 3


async def test_values_of_the_wrong_type_are_served_from_the_source_and_replaced(
    cache: RedisCache, redis: Redis, key: CacheKey
) -> None:
    await cache.read(key, Source())
    for name in (await entry_of(redis, key), f"concord:{{{key.scope}}}:version".encode()):
        await redis.delete(name)
        await redis.rpush(name, "a list")
        assert (await cache.read(key, Source(body=b"source"))).body == b"source"
        assert (await cache.read(key, Source())).state is CacheState.HIT


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


async def test_a_cache_works_in_one_event_loop_after_another(redis_url: str, key: CacheKey) -> None:
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)

    def read_in_a_new_loop() -> CacheState:
        async def read() -> CacheState:
            answer = await cache.read(key, Source())
            await cache.aclose()
            return answer.state

        return asyncio.run(read())

    states = [await asyncio.to_thread(read_in_a_new_loop) for _ in range(2)]
    assert states == [CacheState.MISS, CacheState.HIT]
    await cache.aclose()


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
