"""The password of a Redis, kept in Secrets Manager."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from redis.asyncio import Redis

from shared.aws.secrets import forget_secrets
from shared.cache.opening import open_buckets, open_cache, open_counters
from shared.cache.protocol import Cache, CacheKey, CacheState
from shared.cache.redis import RedisCache
from shared.config import CacheSettings, ConfigurationError
from shared.domain.limits import Bucket, Rate
from shared.domain.usage import Demand, today
from tests.builders.cache import answer_of_source, read_until
from tests.builders.redis import RedisServer
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, Scripted

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-AbCdEf"


@pytest.fixture
def manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


@pytest.fixture
async def owner(server: RedisServer) -> Any:
    """A connection that was let in while the server asked for no password."""
    async with Redis.from_url(server.url, single_connection_client=True) as client:
        await client.config_set("requirepass", "first")
        yield client


def settings_for(server: RedisServer, arn: str) -> CacheSettings:
    return CacheSettings(redis_url=SecretStr(server.url), redis_secret_arn=arn, cache_ttl_seconds=60)


def opened(server: RedisServer, arn: str) -> RedisCache:
    cache = open_cache(settings_for(server, arn))
    assert isinstance(cache, RedisCache)
    return cache


async def states(cache: Cache, key: CacheKey, reads: int = 2) -> list[CacheState]:
    return [(await cache.read(key, answer_of_source)).state for _ in range(reads)]


@pytest.mark.usefixtures("owner")
async def test_the_first_read_waits_for_the_password(
    manager: SecretsManager, server: RedisServer, key: CacheKey
) -> None:
    cache = opened(server, manager.add({"password": "first"}))
    assert await states(cache, key) == [CacheState.MISS, CacheState.HIT]
    await cache.aclose()


async def test_a_user_has_a_password_of_its_own(
    manager: SecretsManager, server: RedisServer, owner: Redis, key: CacheKey
) -> None:
    await owner.acl_setuser(
        "concord", enabled=True, passwords=["+own"], keys=["concord:*"], categories=["+@all"]
    )
    secret = {"username": "concord", "password": "own", "engine": "redis"}
    settings = settings_for(server, manager.add(secret))
    cache, buckets, counters = open_cache(settings), open_buckets(settings), open_counters(settings)
    assert buckets is not None
    assert counters is not None
    assert await states(cache, key) == [CacheState.MISS, CacheState.HIT]
    assert await buckets.take([Bucket("principal:a", Rate(1.0, 2))]) is not None
    assert await counters.spend(today(), [Demand("a", "searches", 1, 2)]) == (None,)
    assert {client["user"] for client in await owner.client_list()} == {"default", "concord"}
    for each in (cache, buckets, counters):
        await each.aclose()


async def test_a_password_that_was_rotated_is_read_anew_by_who_is_refused(
    manager: SecretsManager, server: RedisServer, owner: Redis, key: CacheKey
) -> None:
    arn = manager.add({"password": "first"})
    cache = opened(server, arn)
    await states(cache, key)
    await owner.config_set("requirepass", "second")
    await owner.client_kill_filter(_type="normal", skipme=True)
    # Refused, and the secret says the same as before: Redis counts as gone.
    await read_until(cache, key, CacheState.BYPASS)
    manager.change(arn, {"password": "second"})
    await read_until(cache, key, CacheState.HIT)
    await cache.aclose()


@pytest.mark.usefixtures("owner")
@pytest.mark.parametrize(
    "secret", ["first", "[]", "7", {"username": "a"}, {"password": 1}, {"username": 1, "password": "first"}]
)
async def test_a_secret_of_another_form_is_told_of_and_costs_the_cache_alone(
    manager: SecretsManager,
    server: RedisServer,
    key: CacheKey,
    secret: object,
    capfd: pytest.CaptureFixture[str],
) -> None:
    arn = manager.add(secret)
    cache = opened(server, arn)
    assert await states(cache, key) == [CacheState.BYPASS, CacheState.BYPASS]
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["setting"] for line in told] == [
        "REDIS_SECRET_ARN: the secret must be JSON with the text password, and may have username."
    ]
    manager.change(arn, {"password": "first"})
    await read_until(cache, key, CacheState.HIT)
    await cache.aclose()


@pytest.mark.usefixtures("owner")
async def test_a_secret_that_is_long_in_coming_is_not_waited_for(
    server: RedisServer, key: CacheKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    forget_secrets()
    with EmbeddingEndpoint(lambda _: {"SecretString": '{"password": "first"}'}) as endpoint:
        endpoint.usual = Scripted(lambda _: {"SecretString": '{"password": "first"}'}, delay=2)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint.url)
        cache = opened(server, ARN)
        started = time.monotonic()
        assert await states(cache, key) == [CacheState.BYPASS, CacheState.BYPASS]
        assert time.monotonic() - started < 1.9
        await read_until(cache, key, CacheState.HIT)
        assert len(endpoint.received) == 1
        await cache.aclose()
    forget_secrets()


@pytest.mark.usefixtures("owner")
async def test_a_first_read_that_is_given_up_leaves_nobody_without_a_login(
    manager: SecretsManager, server: RedisServer, key: CacheKey
) -> None:
    cache = opened(server, manager.add({"password": "first"}))
    first = asyncio.create_task(cache.read(key, answer_of_source))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await read_until(cache, key, CacheState.HIT)
    await cache.aclose()


def test_a_login_stands_in_one_place() -> None:
    for login in ("ann:password@", ":password@", "ann@"):
        url = SecretStr(f"redis://{login}localhost:6379/0")
        with pytest.raises(ConfigurationError, match="leave user and password to the secret") as refused:
            open_cache(CacheSettings(redis_url=url, redis_secret_arn=ARN))
        assert "ann" not in refused.value.message


def test_a_login_is_for_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with pytest.raises(ValidationError, match="set REDIS_URL, as REDIS_SECRET_ARN is set"):
        CacheSettings(redis_secret_arn=ARN)
