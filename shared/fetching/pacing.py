"""How fast a host is asked."""

import asyncio
import time

_MOST_HOSTS = 1_000


class OutOfTime(Exception):
    """The turn comes when there is no time left for it."""


class Pace:
    """Gives requests to one host their turns, so far apart as was said. One event loop's."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    async def wait(self, host: str, seconds_between: float, *, until: float) -> None:
        """Raises OutOfTime at once when the turn comes after that time of the monotonic clock."""
        now = time.monotonic()
        if len(self._next) >= _MOST_HOSTS:
            self._next = {name: at for name, at in self._next.items() if at > now}
        turn = max(self._next.get(host, now), now)
        if turn > until:
            raise OutOfTime
        self._next[host] = turn + seconds_between
        if turn > now:
            await asyncio.sleep(turn - now)
