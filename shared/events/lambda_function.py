"""What a Lambda environment calls for a function behind a queue, a schedule or a deployment."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shared.aws.invocation import invocation
from shared.aws.snapshots import renew_after_restore
from shared.aws.start import end_start, read_secrets_ahead
from shared.config import SettingsGroup, load_settings, runs_on_lambda
from shared.events.envelopes import event_id
from shared.observability import correlated, quiet_libraries

# A run ends this long before its time limit, or at three quarters of it: a step under way, which may wait a
# minute for an embedding provider, has to end and give back what it holds.
_RESERVE_SECONDS = 75.0
_SHARE_OF_TIME = 0.75
_DEFAULT_SECONDS = 300.0


class EventFunction[Settings: SettingsGroup, Resources]:
    """A coroutine as a Lambda handler, with resources that outlive one event.

    On Lambda settings are read and resources made during init, so that a missing variable stops the
    process there. All events run on one event loop, as connections belong to theirs.
    """

    def __init__(
        self,
        handle: Callable[[dict[str, Any], Resources, float], Awaitable[Any]],
        settings: type[Settings],
        open_resources: Callable[[Settings], Resources],
    ) -> None:
        self.settings = settings
        self.open_resources = open_resources
        self._handle = handle
        self._resources: Resources | None = None
        self._runner = asyncio.Runner()
        if runs_on_lambda():
            self._start()

    def __call__(self, event: dict[str, Any], context: Any) -> Any:
        resources = self._start() if self._resources is None else self._resources
        with invocation(context) as current:
            try:
                run = self.run(event, resources, deadline(context))
                # The runner's own context is that of the first event, and with it the first deadline.
                return self._runner.run(run, context=contextvars.copy_context())
            finally:
                if current.afterwards:
                    self._runner.run(current.finish())

    async def run(self, event: dict[str, Any], resources: Resources, until: float) -> Any:
        """One event on the caller's event loop, with resources that the caller opened and closes."""
        with correlated(event_id(event)):
            return await self._handle(event, resources, until)

    def _start(self) -> Resources:
        quiet_libraries()
        settings = load_settings(self.settings)
        renew_after_restore()
        read_secrets_ahead(settings)
        self._resources = self.open_resources(settings)
        end_start()
        return self._resources


def deadline(context: Any) -> float:
    """When to stop, on the monotonic clock: shortly before Lambda would stop the process."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return time.monotonic() + _DEFAULT_SECONDS
    seconds = float(remaining()) / 1000
    return time.monotonic() + max(seconds * _SHARE_OF_TIME, seconds - _RESERVE_SECONDS)
