"""Gathers what a process has answered, and reports it to the queue of usage now and then."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from itertools import batched

from shared.aws.invocation import after_invocation
from shared.domain.usage import MOST_ENTRIES, Usage, UsageEntry, UsageReport, today
from shared.errors import QueueUnavailable
from shared.observability import Event, logger
from shared.queues.usage_queue import UsageQueue

# Of reports that the queue did not take; what is older is lost then.
_MOST_KEPT = 20


class UsageReporter:
    """Reports at the end of an event or, where there are none, a second later, and every ten seconds at most.

    So what a process has counted in its last ten seconds is lost with it when it is killed. Without a queue
    the report is a log line.
    """

    def __init__(
        self,
        queue: UsageQueue | None,
        *,
        every_seconds: float = 10.0,
        soon_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._every_seconds = every_seconds
        self._soon_seconds = soon_seconds
        self._clock = clock
        self._reported_at = clock()
        self._counted: dict[tuple[date, str], Usage] = {}
        self._unsent: list[UsageReport] = []
        self._soon: asyncio.Task[None] | None = None

    def add(self, principal: str, usage: Usage) -> None:
        key = (today(), principal)
        counted = self._counted.get(key)
        self._counted[key] = usage if counted is None else counted.plus(usage)
        if not after_invocation(self._report_when_due) and self._soon is None:
            self._soon = asyncio.get_running_loop().create_task(self._report_soon())

    async def report(self) -> None:
        """Send all that was counted. What the queue does not take is sent again, under the same ids."""
        counted, self._counted = self._counted, {}
        self._reported_at = self._clock()
        entries = [UsageEntry(day, principal, usage) for (day, principal), usage in counted.items()]
        reports = [*self._unsent, *(UsageReport(some) for some in batched(entries, MOST_ENTRIES))]
        if self._queue is None:
            for report in reports:
                logger().info(Event.USED, extra={"usage": report.to_message()})
            return
        try:
            await self._queue.send(reports)
        except QueueUnavailable:
            self._unsent = reports[-_MOST_KEPT:]
        else:
            self._unsent = []

    async def aclose(self) -> None:
        """Report what is left, then close the queue."""
        if self._soon is not None:
            self._soon.cancel()
            with suppress(asyncio.CancelledError):
                await self._soon
        if self._counted or self._unsent:
            await self.report()
        if self._queue is not None:
            await self._queue.aclose()

    async def _report_when_due(self) -> None:
        if self._clock() - self._reported_at >= self._every_seconds:
            await self.report()

    async def _report_soon(self) -> None:
        await asyncio.sleep(self._soon_seconds)
        self._soon = None
        await self.report()
