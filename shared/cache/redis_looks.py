"""Looks at what is kept: each trip to Redis takes along all that was asked for by the time it begins."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, cast

from redis.asyncio import Redis

from shared.cache.protocol import Looked
from shared.cache.redis_connection import (
    Budget,
    RedisConnection,
    RedisRefused,
    RedisUnavailable,
    script,
)

# `pcall`: a key that holds something else than a string is treated as missing, and overwritten.
_VERSION = """
local version = redis.pcall('GET', KEYS[1])
if type(version) == 'string' then return version end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""
# Of up to a megabyte each: a trip has to end within its budget.
_MOST_ENTRIES = 32
# Of one scope at the same time. With one alone readers and Redis would wait for each other by turns.
_MOST_TRIPS = 4
_MOST_SCOPES = 10_000


class _Found(NamedTuple):
    version: str
    bodies: dict[str, bytes | None]
    seconds_left: float


@dataclass(slots=True, eq=False)
class _Trip:
    """Its task makes it once few others are under way; until it begins, names are added."""

    names: set[str] = field(default_factory=set)
    task: "asyncio.Task[_Found | None] | None" = None


class RedisLooks:
    """Used by one event loop.

    An entry's key has its version in it, which is not known before it is read. So each trip asks for the
    version and for the entries of the one that was seen last, which is the same unless something was written.
    """

    def __init__(
        self,
        connection: RedisConnection,
        *,
        budget_seconds: float,
        version_seconds: int,
        most_scopes: int = _MOST_SCOPES,
    ) -> None:
        self._connection = connection
        self._budget_seconds = budget_seconds
        self._version_seconds = version_seconds
        self._most_scopes = most_scopes
        self._seen: dict[str, str] = {}
        self._next: dict[str, _Trip] = {}
        self._under_way: dict[str, set[asyncio.Task[_Found | None]]] = {}
        self._tasks: set[asyncio.Task[_Found | None]] = set()

    async def look(self, scope: str, name: str | None) -> Looked | None:
        """The version as it is after this reader came, and the entry; None when Redis cannot say.

        Whoever comes shares the next trip with all others who do, and none that is under way: one that began
        before could miss an invalidation that this reader knows of.
        """
        trip = self._next.get(scope)
        if trip is None or len(trip.names) >= _MOST_ENTRIES:
            trip = self._next[scope] = _Trip()
            trip.task = asyncio.create_task(self._make(scope, trip))
            self._tasks.add(trip.task)
            trip.task.add_done_callback(self._tasks.discard)
        if name is not None:
            trip.names.add(name)
        found = await asyncio.shield(cast("asyncio.Task[_Found | None]", trip.task))
        if found is None:
            return None
        return Looked(found.version, found.bodies.get(name or ""), found.seconds_left)

    async def aclose(self) -> None:
        """Wait for what readers have left behind who have given up."""
        await asyncio.gather(*self._tasks)

    async def _make(self, scope: str, trip: _Trip) -> _Found | None:
        task = cast("asyncio.Task[_Found | None]", trip.task)
        while len(under_way := self._under_way.setdefault(scope, set())) >= _MOST_TRIPS:
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        if self._next.get(scope) is trip:
            del self._next[scope]
        under_way.add(task)
        budget = Budget(self._budget_seconds)
        try:
            ask = partial(self._ask, scope, list(trip.names))
            version, bodies = await self._connection.ask(budget, ask)
        except (RedisUnavailable, RedisRefused):
            return None
        else:
            return _Found(version, bodies, budget.seconds)
        finally:
            under_way.discard(task)
            if not under_way:
                del self._under_way[scope]

    async def _ask(
        self, scope: str, names: Sequence[str], client: Redis
    ) -> tuple[str, dict[str, bytes | None]]:
        seen = self._seen.get(scope)
        if seen is not None:
            keys = [version_key(scope), *(entry_key(scope, seen, name) for name in names)]
            word, *bodies = cast("list[bytes | None]", await client.mget(keys))
            if word is not None and word.decode("latin-1") == seen:
                return seen, dict(zip(names, bodies, strict=True))
        draw = script(_VERSION, [version_key(scope)], secrets.token_hex(8), self._version_seconds)
        version = cast("bytes", await draw(client)).decode("latin-1")
        if len(self._seen) >= self._most_scopes:
            self._seen.clear()
        self._seen[scope] = version
        return version, {}


def version_key(scope: str) -> str:
    return f"concord:{{{scope}}}:version"


def entry_key(scope: str, version: str, name: str) -> str:
    return f"concord:{{{scope}}}:{version}:{name}"
