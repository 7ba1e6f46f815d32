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

    `scope` is what invalidates it, `collection:<name>` or `collections`; `principal` is the name of
    the principal whose view it is; `request` is a canonical text of what is asked, stored only as a
    hash.
    """

    scope: str
    principal: str
    request: str


class CachedAnswer(NamedTuple):
    body: bytes
    state: CacheState


type Load = Callable[[], Awaitable[bytes]]


class Cache(Protocol):
    async def read(self, key: CacheKey, load: Load, *, bypass: bool = False) -> CachedAnswer:
        """The answer, from the cache when it has it and else from `load`, the source.

        `bypass` asks the source in any case and refreshes the cache. What `load` raises reaches the
        caller and is not kept; the cache itself never fails a read.
        """
        ...

    async def invalidate(self, *scopes: str) -> None:
        """Make every answer of these scopes unreachable. Call it after the commit."""
        ...

    async def aclose(self) -> None: ...
