"""A Redis that may be slow or gone: asking it has a budget, and an outage costs a wait once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ResponseError

from shared.observability import Event, Metric, count, describe_error, logger

if TYPE_CHECKING:
    from shared.cache.credentials import SecretCredentials

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
# A new connection takes about ten turns of the loop, and each may last longer than a slice.
_SLICES = 25
_LONGEST_SLICE = 1.5

# Protocol 2 spares a new connection two round trips (HELLO and maintenance notices). One retry
# replaces a connection that died while idle, for example while Lambda had the process frozen. The
# socket's own timeouts only bound the probe below; a request's commands have a budget.
_CONNECTION_OPTIONS: dict[str, Any] = {
    "protocol": 2,
    "max_connections": 8,
    "timeout": None,
    "socket_timeout": 1.0,
    "socket_connect_timeout": 1.0,
}


class RedisUnavailable(Exception):
    """Redis did not answer in time, or at all."""


class RedisRefused(Exception):
    """Redis answered with an error: out of memory, not permitted, a value of the wrong type."""


@dataclass(slots=True)
class Budget:
    """The seconds of waiting for Redis that one request still has."""

    seconds: float


class _Wait:
    """Spends a budget slice by slice, and ends the wait with a TimeoutError when none is left.

    A slice that this process was too busy to end in time counts hardly more than one: with many requests at
    once the answer lies there and is not read yet, and a quick Redis must not be taken for a slow one.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._slice = budget.seconds / _SLICES
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._begin_slice()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._spend()
        await self._timeout.__aexit__(kind, error, frames)

    def _begin_slice(self) -> None:
        self._began = time.monotonic()
        self._timer = self._loop.call_later(self._slice, self._end_slice)

    def _end_slice(self) -> None:
        self._spend()
        if self._budget.seconds > 0:
            self._begin_slice()
        else:
            self._timeout.reschedule(self._loop.time())

    def _spend(self) -> None:
        self._budget.seconds -= min(time.monotonic() - self._began, _LONGEST_SLICE * self._slice)


def connection_options(url: str) -> dict[str, Any]:
    """What the pool needs to know. Raises ValueError when `url` is not the address of a Redis."""
    return {**_CONNECTION_OPTIONS, **parse_url(url)}


class RedisConnection:
    """Connections of one event loop.

    When a command fails for lack of an answer, Redis counts as gone: nobody asks it any more, while
    a task in the background keeps trying until it answers. So a request waits for a dead Redis at
    most once, and connecting (TLS included) may take longer than any request's budget.
    """

    def __init__(self, options: dict[str, Any], credentials: "SecretCredentials | None" = None) -> None:
        # Made now, as its import takes longer than the budget of the read that meets an outage.
        logger()
        self._credentials = credentials
        # A retry keeps state while it runs, so each pool has its own.
        pool = BlockingConnectionPool(**options, credential_provider=credentials, retry=Retry(NoBackoff(), 1))
        self._client = Redis.from_pool(pool)
        self._probe: asyncio.Task[None] | None = None

    async def ask[Answer](
        self,
        budget: Budget,
        command: Callable[[Redis], Awaitable[Answer]],
        *,
        even_if_gone: bool = False,
    ) -> Answer:
        """Run `command`, spending from `budget`. Raises RedisUnavailable or RedisRefused.

        Once in a process it may wait for the login, of which the budget does not know.
        """
        if budget.seconds <= 0 or (self._probe is not None and not even_if_gone):
            count(Metric.CACHE_UNAVAILABLE)
            raise RedisUnavailable
        try:
            await self._get_ready()
            async with _Wait(budget):
                return await command(self._client)
        except ResponseError as error:
            count(Metric.CACHE_UNAVAILABLE)
            logger().warning(Event.CACHE_REFUSED, extra=describe_error(error))
            raise RedisRefused from error
        except Exception as error:
            # Whatever the client raises, the source can still answer.
            count(Metric.CACHE_UNAVAILABLE)
            self._probe_until_it_answers(error)
            raise RedisUnavailable from error

    async def aclose(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait({self._probe})
            self._probe = None
        await self._client.aclose()

    async def _get_ready(self) -> None:
        if self._credentials is not None:
            await self._credentials.get_ready()

    def _was_refused(self, error: Exception) -> None:
        """The secret may have been rotated since it was read; of a connection made anew that is the cause."""
        causes = (error, error.__cause__)
        if self._credentials is not None and any(isinstance(each, AuthenticationError) for each in causes):
            self._credentials.were_refused()

    def _probe_until_it_answers(self, error: Exception) -> None:
        self._was_refused(error)
        if self._probe is None:
            logger().warning(Event.CACHE_UNAVAILABLE, extra=describe_error(error))
            self._probe = asyncio.create_task(self._probing())

    async def _probing(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not await self._answers():
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        self._probe = None
        logger().info(Event.CACHE_RECOVERED)

    async def _answers(self) -> bool:
        try:
            await self._get_ready()
            await self._client.ping()
        except Exception as error:  # noqa: BLE001 - as above: any failure means that it is still gone
            self._was_refused(error)
            return False
        return True


def script(text: str, keys: Sequence[str], *arguments: str | int) -> Callable[[Redis], Awaitable[Any]]:
    """The command that runs a script of Redis' own language."""
    return lambda client: client.eval(text, len(keys), *keys, *arguments)


class ScriptRunner:
    """Runs scripts by connections of the running event loop: used by one loop at a time, and closed in it.

    `budget_seconds` is all the delay that a slow Redis may add to one script. Raises ValueError when `url` is
    not the address of a Redis.
    """

    def __init__(
        self, url: str, *, budget_seconds: float = 0.05, credentials: "SecretCredentials | None" = None
    ) -> None:
        self._options = connection_options(url)
        self._credentials = credentials
        self._budget_seconds = budget_seconds
        self._of_loop: tuple[asyncio.AbstractEventLoop, RedisConnection] | None = None

    async def run(self, text: str, keys: Sequence[str], arguments: Sequence[int]) -> Any | None:
        """What the script answers, in one round trip; None when Redis cannot say."""
        try:
            return await self._connection().ask(Budget(self._budget_seconds), script(text, keys, *arguments))
        except (RedisUnavailable, RedisRefused):
            return None

    def _connection(self) -> RedisConnection:
        loop = asyncio.get_running_loop()
        if self._of_loop is None or self._of_loop[0] is not loop:
            self._of_loop = loop, RedisConnection(self._options, self._credentials)
        return self._of_loop[1]

    async def aclose(self) -> None:
        if self._of_loop is not None:
            (_, connection), self._of_loop = self._of_loop, None
            await connection.aclose()
