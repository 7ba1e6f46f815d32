"""Buckets in a real Redis: shared, exact, and no burden while it is gone."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from shared.cache.redis_buckets import RedisBuckets
from shared.domain.limits import Bucket, Rate, Taken
from tests.builders.cache import PATIENT
from tests.builders.redis import RedisServer

LONGEST_DELAY_SECONDS = 0.15


@pytest.fixture
async def buckets(server: RedisServer) -> AsyncIterator[RedisBuckets]:
    opened = RedisBuckets(server.url, budget_seconds=PATIENT)
    yield opened
    server.resume_or_start()
    await opened.aclose()


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """One that lasts as long as its test: it hardly fills again."""
    return Bucket(request.node.name, Rate(0.01, 3))


async def take(buckets: RedisBuckets, *asked: Bucket) -> Taken:
    taken = await buckets.take(asked)
    assert taken is not None
    return taken


async def test_all_processes_take_from_one_bucket(
    server: RedisServer, buckets: RedisBuckets, bucket: Bucket
) -> None:
    other = RedisBuckets(server.url, budget_seconds=PATIENT)
    taken = await asyncio.gather(*(take(each, bucket) for _ in range(10) for each in (buckets, other)))
    await other.aclose()
    assert sorted(one.left for one in taken if one.refused_by is None) == [0, 1, 2]
    refused = [one for one in taken if one.refused_by is not None]
    assert len(refused) == 17
    for one in refused:
        assert one.refused_by == 0
        assert one.left == 0
        assert 99 < one.wait_seconds <= 100
        assert 299 < one.full_after_seconds <= 300


async def test_who_asks_takes_nothing(buckets: RedisBuckets, bucket: Bucket) -> None:
    for _ in range(5):
        asked = await buckets.take([bucket], only_ask=True)
        assert asked is not None
        assert (asked.refused_by, asked.left) == (None, 3)
    for _ in range(3):
        await take(buckets, bucket)
    refused = await buckets.take([bucket], only_ask=True)
    assert refused is not None
    assert (refused.refused_by, refused.left) == (0, 0)
    assert 99 < refused.wait_seconds <= 100


async def test_an_empty_bucket_fills_again(buckets: RedisBuckets, bucket: Bucket) -> None:
    quick = Bucket(bucket.name, Rate(20, 1))
    assert (await take(buckets, quick)).refused_by is None
    refused = await take(buckets, quick)
    assert refused.refused_by == 0
    await asyncio.sleep(refused.wait_seconds)
    assert (await take(buckets, quick)).refused_by is None


async def test_all_buckets_give_or_none(buckets: RedisBuckets, bucket: Bucket) -> None:
    wide = Bucket(f"{bucket.name}-wide", Rate(0.01, 9))
    assert [(await take(buckets, wide, bucket)).refused_by for _ in range(5)] == [None] * 3 + [1] * 2
    assert (await take(buckets, wide)).left == 5


async def test_what_is_full_again_is_not_kept(
    server: RedisServer, buckets: RedisBuckets, bucket: Bucket
) -> None:
    await take(buckets, Bucket(bucket.name, Rate(20, 1)))
    async with Redis.from_url(server.url) as redis:
        assert 0 < await redis.pttl(f"concord:{{limits}}:{bucket.name}") <= 50


@pytest.mark.parametrize("kept", ["no number", "list"])
async def test_what_is_no_bucket_is_one_that_nobody_took_from(
    server: RedisServer, buckets: RedisBuckets, bucket: Bucket, kept: str
) -> None:
    name = f"concord:{{limits}}:{bucket.name}"
    async with Redis.from_url(server.url) as redis:
        await (redis.lpush(name, "a") if kept == "list" else redis.set(name, kept))
    assert (await take(buckets, bucket)).left == 2
    assert (await take(buckets, bucket)).left == 1


async def test_a_redis_that_is_gone_or_slow_says_nothing_and_costs_little(
    server: RedisServer, bucket: Bucket
) -> None:
    buckets = RedisBuckets(server.url)
    assert await buckets.take([bucket]) is not None
    server.pause()
    for _ in range(5):
        started = time.monotonic()
        assert await buckets.take([bucket]) is None
        assert time.monotonic() - started < LONGEST_DELAY_SECONDS
    server.kill()
    assert await buckets.take([bucket]) is None
    server.start()
    deadline = time.monotonic() + 10
    while await buckets.take([bucket]) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await buckets.aclose()


async def test_a_redis_that_refuses_says_nothing(
    server: RedisServer, buckets: RedisBuckets, bucket: Bucket
) -> None:
    async with Redis.from_url(server.url) as redis:
        await redis.config_set("maxmemory", "1")
        try:
            assert await buckets.take([bucket]) is None
        finally:
            await redis.config_set("maxmemory", "0")
    assert await buckets.take([bucket]) is not None


async def test_buckets_that_nobody_took_from_are_closed_too() -> None:
    await RedisBuckets("redis://127.0.0.1:1/0").aclose()


def test_another_event_loop_has_connections_of_its_own(server: RedisServer, bucket: Bucket) -> None:
    opened = RedisBuckets(server.url, budget_seconds=PATIENT)

    async def take_and_close() -> Taken | None:
        try:
            return await opened.take([bucket])
        finally:
            await opened.aclose()

    taken = [asyncio.run(take_and_close()) for _ in range(2)]
    assert [one.left for one in taken if one is not None] == [2, 1]
