"""Chooses the cache that the settings ask for."""

from shared.cache.null import NullCache
from shared.cache.protocol import Cache
from shared.config import CacheSettings, ConfigurationError


def open_cache(settings: CacheSettings) -> Cache:
    """A cache, not yet connected. Raises ConfigurationError when REDIS_URL is malformed."""
    if settings.redis_url is None or settings.cache_ttl_seconds == 0:
        return NullCache()
    # The client is the heaviest import of a read: only a process that caches pays for it.
    from shared.cache.redis import RedisCache  # noqa: PLC0415 - see above

    url = settings.redis_url.get_secret_value()
    try:
        return RedisCache(url, ttl_seconds=settings.cache_ttl_seconds)
    except ValueError:
        # The cause would show the address, and with it the password.
        raise ConfigurationError(
            "REDIS_URL is malformed. Set it to: redis://host:6379/0, or rediss:// for TLS"
        ) from None
