"""The event that a function is handling: when it has to be answered, and what is to be done after that."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Invocation:
    """`deadline` is on the monotonic clock; at that time nobody waits for the answer any more."""

    deadline: float
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def finish(self) -> None:
        """Do what was left for afterwards."""
        while self.afterwards:
            await self.afterwards.pop()()


_current: ContextVar[Invocation | None] = ContextVar("invocation", default=None)


@contextmanager
def invocation(context: Any, *, at_most_seconds: float = float("inf")) -> Iterator[Invocation]:
    """The time of one call by Lambda, whose context tells how long it may last."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds = at_most_seconds if remaining is None else min(float(remaining()) / 1000, at_most_seconds)
    started = Invocation(time.monotonic() + seconds)
    token = _current.set(started)
    try:
        yield started
    finally:
        _current.reset(token)


def seconds_left(*, reserve: float = 0.0) -> float:
    """How long work on this event may go on so that `reserve` seconds remain to answer it.

    Infinite outside of an event, below zero when it is too late.
    """
    current = _current.get()
    return float("inf") if current is None else current.deadline - time.monotonic() - reserve


@contextmanager
def share_of_time(share: float, *, at_most_seconds: float) -> Iterator[None]:
    """Within, no more than that share of the event's time is left, so that the rest is for another try."""
    outer = _current.get()
    seconds = min(seconds_left() * share, at_most_seconds)
    afterwards = [] if outer is None else outer.afterwards
    token = _current.set(Invocation(time.monotonic() + seconds, afterwards))
    try:
        yield
    finally:
        _current.reset(token)


def after_invocation(work: Callable[[], Awaitable[None]]) -> bool:
    """Have `work` done when the event is answered; outside of an event, never, and False is returned."""
    current = _current.get()
    if current is not None and work not in current.afterwards:
        current.afterwards.append(work)
    return current is not None
