"""The cache that keeps nothing: CACHE_TTL_SECONDS is 0 or there is no Redis."""

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState, Load, Looked
from shared.database.boundaries import refuse_in_unit_of_work


class NullCache:
    async def look(self, key: CacheKey) -> Looked | None:  # noqa: ARG002 - nothing is looked up
        return None

    async def read(
        self,
        key: CacheKey,  # noqa: ARG002 - nothing is looked up
        load: Load,
        *,
        bypass: bool = False,  # noqa: ARG002 - every read asks the source
        looked: Looked | None = None,  # noqa: ARG002 - as above
    ) -> CachedAnswer:
        refuse_in_unit_of_work("Cache.read")
        return CachedAnswer(await load(), CacheState.BYPASS)

    async def invalidate(self, *scopes: str) -> None:  # noqa: ARG002 - nothing is kept
        refuse_in_unit_of_work("Cache.invalidate")

    async def aclose(self) -> None:
        """There is nothing to close."""
