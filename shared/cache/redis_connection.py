"""A Redis that may be slow or gone: asking it has a budget, and an outage costs a wait once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from shared.observability import Event, Metric, count, describe_error, logger

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0

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


def connection_options(url: str) -> dict[str, Any]:
    """What the pool needs to know. Raises ValueError when `url` is not the address of a Redis."""
    return {**_CONNECTION_OPTIONS, **parse_url(url)}


class RedisConnection:
    """Connections of one event loop.

    When a command fails for lack of an answer, Redis counts as gone: nobody asks it any more, while
    a task in the background keeps trying until it answers. So a request waits for a dead Redis at
    most once, and connecting (TLS included) may take longer than any request's budget.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        # Made now, as its import takes longer than the budget of the read that meets an outage.
        logger()
        # A retry keeps state while it runs, so each pool has its own.
        pool = BlockingConnectionPool(**options, retry=Retry(NoBackoff(), 1))
        self._client = Redis.from_pool(pool)
        self._probe: asyncio.Task[None] | None = None

    async def ask[Answer](
        self,
        budget: Budget,
        command: Callable[[Redis], Awaitable[Answer]],
        *,
        even_if_gone: bool = False,
    ) -> Answer:
        """Run `command`, spending from `budget`. Raises RedisUnavailable or RedisRefused."""
        if budget.seconds <= 0 or (self._probe is not None and not even_if_gone):
            count(Metric.CACHE_UNAVAILABLE)
            raise RedisUnavailable
        started = time.monotonic()
        try:
            async with asyncio.timeout(budget.seconds):
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
        finally:
            budget.seconds -= time.monotonic() - started

    async def aclose(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait({self._probe})
            self._probe = None
        await self._client.aclose()

    def _probe_until_it_answers(self, error: Exception) -> None:
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
            await self._client.ping()
        except Exception:  # noqa: BLE001 - as above: any failure means that it is still gone
            return False
        return True
