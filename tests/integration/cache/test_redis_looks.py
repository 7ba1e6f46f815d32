"""What trips to Redis see, beyond what a cache's readers do."""

import secrets

from redis.asyncio import Redis

from shared.cache.redis_connection import RedisConnection, connection_options
from shared.cache.redis_looks import RedisLooks, entry_key
from tests.builders.cache import PATIENT


async def test_a_scope_that_was_forgotten_is_looked_at_again(redis_url: str, redis: Redis) -> None:
    connection = RedisConnection(connection_options(redis_url))
    looks = RedisLooks(connection, budget_seconds=PATIENT, version_seconds=60, most_scopes=2)
    scopes = [f"collection:{secrets.token_hex(4)}" for _ in range(3)]
    versions, bodies = {}, []
    for scope in scopes:
        first = await looks.look(scope, "a")
        assert first is not None
        versions[scope] = first.version
        await redis.set(entry_key(scope, first.version, "a"), "kept")
    # The third has driven out those before it, whose next look finds the version alone.
    for scope in (scopes[2], scopes[0], scopes[0]):
        looked = await looks.look(scope, "a")
        assert looked is not None
        assert looked.version == versions[scope]
        bodies.append(looked.body)
    assert bodies == [b"kept", None, b"kept"]
    await looks.aclose()
    await connection.aclose()
