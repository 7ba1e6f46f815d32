"""Read-through cache in Redis.

    concord:{<scope>}:version            a random word, drawn by the first reader who finds none
    concord:{<scope>}:<version>:<hash>   an answer, kept for the TTL
    concord:{<scope>}:<version>:<hash>:lease   held by the one reader who asks the source

The version is read before the source is asked and is part of the entry's key. An invalidation drops
it, and so would an eviction or a flush: the next reader draws a new one, which never was in use
before, and nothing stored under an old one, now or later, can be found again. The braces keep a
scope's keys in one slot of a cluster.
"""

import asyncio
import dataclasses
import hashlib
import secrets
import time
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from shared.cache.protocol import CachedAnswer, CacheKey, CacheState, Load, Looked
from shared.cache.redis_connection import (
    Budget,
    RedisConnection,
    RedisRefused,
    RedisUnavailable,
    connection_options,
    script,
)
from shared.cache.redis_looks import RedisLooks, entry_key, version_key
from shared.database.boundaries import refuse_in_unit_of_work
from shared.observability import Event, Metric, count, logger

if TYPE_CHECKING:
    from shared.cache.credentials import SecretCredentials

_LARGEST_BODY_BYTES = 1_000_000
# An empty entry tells that the answer is too large to keep, so that nobody waits for it.
_TOO_LARGE = b""
_VERSION_OUTLIVES_ENTRIES_BY_SECONDS = 86_400
_FIRST_POLL_SECONDS = 0.005
_LONGEST_POLL_SECONDS = 0.04

# The entry, or 1 when the caller now holds the lease, or 0 when another does. The last comparison
# lets the client repeat a command whose answer was lost. `pcall`: what is no string is overwritten.
_CLAIM = """
local entry = redis.pcall('GET', KEYS[1])
if type(entry) == 'string' then return entry end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[2]) == ARGV[1] then return 1 end
return 0
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


@dataclasses.dataclass(slots=True)
class _LoopState:
    """What belongs to one event loop; `flights` are the answers its readers are waiting for."""

    loop: asyncio.AbstractEventLoop
    connection: RedisConnection
    looks: RedisLooks
    flights: dict[str, asyncio.Future[bytes]] = dataclasses.field(default_factory=dict)


class RedisCache:
    """The cache of one process; used by one event loop at a time, closed in the loop that used it.

    `budget_seconds` is all the delay that a slow Redis may add to one read or invalidation.
    `lease_seconds` bounds how long a reader waits for another who is asking the source.
    """

    def __init__(
        self,
        url: str,
        *,
        ttl_seconds: int,
        budget_seconds: float = 0.05,
        lease_seconds: float = 2.0,
        credentials: "SecretCredentials | None" = None,
    ) -> None:
        self._options = connection_options(url)
        self._credentials = credentials
        self._ttl_seconds = ttl_seconds
        self._budget_seconds = budget_seconds
        self._lease_seconds = lease_seconds
        self._state: _LoopState | None = None

    async def look(self, key: CacheKey) -> Looked | None:
        refuse_in_unit_of_work("Cache.look")
        return await self._state_of_this_loop().looks.look(key.scope, _name_of(key))

    async def read(
        self, key: CacheKey, load: Load, *, bypass: bool = False, looked: Looked | None = None
    ) -> CachedAnswer:
        refuse_in_unit_of_work("Cache.read")
        state = self._state_of_this_loop()
        name = _name_of(key)
        if looked is None:
            looked = await state.looks.look(key.scope, None if bypass else name)
        if looked is None:
            return CachedAnswer(await load(), CacheState.BYPASS)
        budget = Budget(looked.seconds_left)
        entry = entry_key(key.scope, looked.version, name)
        if bypass:
            return await self._ask_source(state, entry, load, budget, CacheState.BYPASS)
        if looked.body:
            return CachedAnswer(looked.body, CacheState.HIT)
        return await self._share(state, entry, load, budget)

    async def invalidate(self, *scopes: str) -> None:
        refuse_in_unit_of_work("Cache.invalidate")
        state = self._state_of_this_loop()
        keys = [version_key(scope) for scope in scopes]

        async def drop(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.delete(key)
                await pipeline.execute()

        try:
            # Redis may be gone for this process alone: others would go on serving the old answers.
            await state.connection.ask(Budget(self._budget_seconds), drop, even_if_gone=True)
        except (RedisUnavailable, RedisRefused):
            count(Metric.CACHE_NOT_INVALIDATED)
            logger().warning(Event.CACHE_NOT_INVALIDATED, extra={"stale_seconds_at_most": self._ttl_seconds})

    async def aclose(self) -> None:
        if self._state is not None:
            state, self._state = self._state, None
            await state.looks.aclose()
            await state.connection.aclose()

    def _state_of_this_loop(self) -> _LoopState:
        loop = asyncio.get_running_loop()
        if self._state is None or self._state.loop is not loop:
            connection = RedisConnection(self._options, self._credentials)
            looks = RedisLooks(
                connection,
                budget_seconds=self._budget_seconds,
                version_seconds=self._ttl_seconds + _VERSION_OUTLIVES_ENTRIES_BY_SECONDS,
            )
            self._state = _LoopState(loop, connection, looks)
        return self._state

    async def _share(self, state: _LoopState, entry: str, load: Load, budget: Budget) -> CachedAnswer:
        """Let one reader of this process see to the entry, and the others wait for what it gets."""
        give_up = time.monotonic() + self._lease_seconds
        while (flight := state.flights.get(entry)) is not None:
            await asyncio.wait({flight}, timeout=give_up - time.monotonic())
            if not flight.done():
                return await self._ask_source(state, entry, load, budget)
            if not flight.cancelled():
                return CachedAnswer(flight.result(), CacheState.HIT)
        flight = state.flights[entry] = state.loop.create_future()
        try:
            answer = await self._claim(state, entry, load, budget, give_up)
            flight.set_result(answer.body)
        finally:
            del state.flights[entry]
            flight.cancel()
        return answer

    async def _claim(
        self, state: _LoopState, entry: str, load: Load, budget: Budget, give_up: float
    ) -> CachedAnswer:
        """Wait for the entry or for the lease; whoever holds the lease asks the source."""
        token = secrets.token_hex(8)
        milliseconds = int(self._lease_seconds * 1000)
        claim = script(_CLAIM, [entry, _lease_key(entry)], token, milliseconds)
        purse = budget
        pause = _FIRST_POLL_SECONDS
        while True:
            try:
                found = await state.connection.ask(purse, claim)
            except RedisUnavailable:
                return CachedAnswer(await load(), CacheState.MISS)
            except RedisRefused:
                break
            if found == _TOO_LARGE:
                break
            if isinstance(found, bytes):
                return CachedAnswer(found, CacheState.HIT)
            if found == 1:
                return await self._ask_source(state, entry, load, budget, lease=token)
            if time.monotonic() + pause > give_up:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)
            # Polling waits for the source, not for Redis: what it takes is not counted together.
            purse = dataclasses.replace(budget)
        return await self._ask_source(state, entry, load, budget)

    async def _ask_source(
        self,
        state: _LoopState,
        entry: str,
        load: Load,
        budget: Budget,
        cache_state: CacheState = CacheState.MISS,
        *,
        lease: str | None = None,
    ) -> CachedAnswer:
        """Ask the source, store what it says and release the lease, if there is one."""
        body = None
        try:
            body = await load()
        finally:
            await self._settle(state, entry, body, budget, lease)
        return CachedAnswer(body, cache_state)

    async def _settle(
        self, state: _LoopState, entry: str, body: bytes | None, budget: Budget, lease: str | None
    ) -> None:
        if body is None and lease is None:
            return

        async def settle(client: Redis) -> None:
            async with client.pipeline(transaction=False) as pipeline:
                if body is not None:
                    kept = body if len(body) <= _LARGEST_BODY_BYTES else _TOO_LARGE
                    pipeline.set(entry, kept, ex=self._ttl_seconds)
                if lease is not None:
                    # After the entry: who finds the lease free finds the entry, too.
                    pipeline.eval(_RELEASE, 1, _lease_key(entry), lease)
                await pipeline.execute()

        try:
            await state.connection.ask(budget, settle)
        except (RedisUnavailable, RedisRefused):
            # The answer is there; only the next reader will ask again.
            return


def _name_of(key: CacheKey) -> str:
    asked = f"{len(key.view)} {key.view}{key.request}"
    return hashlib.sha256(asked.encode(errors="surrogatepass")).hexdigest()


def _lease_key(entry: str) -> str:
    return f"{entry}:lease"
