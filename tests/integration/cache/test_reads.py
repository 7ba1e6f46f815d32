"""The rules of the read-through cache, on a real Redis that answers."""

import asyncio
from typing import cast

from redis.asyncio import Redis

from shared.cache.protocol import CacheKey, CacheState
from shared.cache.redis import RedisCache
from tests.builders.cache import PATIENT, Source, entry_of, keys_of


async def test_the_second_reader_gets_what_the_first_one_did(cache: RedisCache, key: CacheKey) -> None:
    source = Source()
    first = await cache.read(key, source)
    second = await cache.read(key, source)
    assert (first.body, first.state) == (b"answer 1", CacheState.MISS)
    assert (second.body, second.state) == (b"answer 1", CacheState.HIT)
    assert source.asked == 1


async def test_bypass_asks_the_source_and_refreshes_the_entry(cache: RedisCache, key: CacheKey) -> None:
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


async def test_a_version_outlives_its_entries(cache: RedisCache, redis: Redis, key: CacheKey) -> None:
    await cache.read(key, Source())
    assert 0 < await redis.ttl(await entry_of(redis, key)) <= 60
    assert await redis.ttl(f"concord:{{{key.scope}}}:version") > 60


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


async def test_principals_do_not_share(cache: RedisCache, key: CacheKey) -> None:
    await cache.read(key, Source(body=b"what the admin sees"))
    other = CacheKey(key.scope, "alice", key.request)
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
