"""What every cache offers."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple, Protocol


class CacheState(StrEnum):
    """How an answer came about; the value of the `x-cache` header.

    HIT: the cache had it, or it was asked for while another reader was already asking the source.
    MISS: the cache did not have it and the source was asked.
    BYPASS: the source was asked because the caller wanted so or because no cache could be asked.
    """

    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"


class CacheKey(NamedTuple):
    """Which answer is meant.

    `scope` is what invalidates it, `collection:<name>` or `collections`; `view` is what decides
    what its caller may see; `request` is a canonical text of what is asked, stored only as a
    hash.
    """

    scope: str
    view: str
    request: str


class CachedAnswer(NamedTuple):
    body: bytes
    state: CacheState


class Looked(NamedTuple):
    """What a look at the cache has found, for the read that may follow it.

    The version of the scope, what is kept of it, and the seconds that the read may still wait for the cache.
    """

    version: str
    body: bytes | None
    seconds_left: float


type Load = Callable[[], Awaitable[bytes]]


class Cache(Protocol):
    async def look(self, key: CacheKey) -> Looked | None:
        """What is kept, without asking the source; None where no cache can be asked."""
        ...

    async def read(
        self, key: CacheKey, load: Load, *, bypass: bool = False, looked: Looked | None = None
    ) -> CachedAnswer:
        """The answer, from the cache when it has it and else from `load`, the source.

        Who has `looked` already at the same key says what was found, and spares another look.
        `bypass` asks the source in any case and refreshes the cache. What `load` raises reaches the
        caller and is not kept; the cache itself never fails a read.
        """
        ...

    async def invalidate(self, *scopes: str) -> None:
        """Make every answer of these scopes unreachable. Call it after the commit."""
        ...

    async def aclose(self) -> None: ...
