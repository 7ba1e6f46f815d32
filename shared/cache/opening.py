"""Chooses the cache that the settings ask for, and what else is kept in Redis."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.cache.null import NullCache
from shared.cache.protocol import Cache
from shared.config import CacheSettings, RedisSettings

if TYPE_CHECKING:
    from shared.cache.credentials import SecretCredentials
    from shared.cache.redis_buckets import RedisBuckets
    from shared.cache.redis_counters import RedisCounters

# The client is the heaviest import of a read: only a process that has a Redis pays for it.


def open_cache(settings: CacheSettings) -> Cache:
    """A cache, not yet connected. Raises ConfigurationError as `redis_address` does."""
    if settings.redis_url is None or settings.cache_ttl_seconds == 0:
        return NullCache()
    from shared.cache.redis import RedisCache  # noqa: PLC0415 - see above

    return _open(
        settings,
        lambda address, credentials: RedisCache(
            address, ttl_seconds=settings.cache_ttl_seconds, credentials=credentials
        ),
    )


def open_buckets(settings: RedisSettings) -> "RedisBuckets | None":
    """What limits rates for all processes together. Raises ConfigurationError as `redis_address` does."""
    if settings.redis_url is None:
        return None
    from shared.cache.redis_buckets import RedisBuckets  # noqa: PLC0415 - see above

    return _open(settings, lambda address, credentials: RedisBuckets(address, credentials=credentials))


def open_counters(settings: RedisSettings) -> "RedisCounters | None":
    """What counts for budgets. Raises ConfigurationError as `redis_address` does."""
    if settings.redis_url is None:
        return None
    from shared.cache.redis_counters import RedisCounters  # noqa: PLC0415 - see above

    return _open(settings, lambda address, credentials: RedisCounters(address, credentials=credentials))


def _open[Opened](
    settings: RedisSettings, open_at: "Callable[[str, SecretCredentials | None], Opened]"
) -> Opened:
    from shared.cache.address import malformed, redis_address  # noqa: PLC0415 - see above

    url = redis_address(settings)
    try:
        return open_at(url, _credentials(settings))
    except ValueError:
        raise malformed() from None


def _credentials(settings: RedisSettings) -> "SecretCredentials | None":
    if settings.redis_secret_arn is None:
        return None
    from shared.cache.credentials import SecretCredentials  # noqa: PLC0415 - see above

    return SecretCredentials(settings.redis_secret_arn)
