"""Calls to a provider: some at a time, tried again while there is hope and time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from shared.aws.invocation import seconds_left
from shared.embeddings.protocol import Purpose
from shared.errors import EmbedderUnavailable

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 15
# All attempts of one call. A document can wait for the provider; behind a query somebody waits, and a
# search without it still answers by words.
PATIENCE_SECONDS = {Purpose.DOCUMENT: 60.0, Purpose.QUERY: 3.0}
# Left of the event's time, for what is done without the answer.
RESERVE_SECONDS = 2.0


class TryAgain(EmbedderUnavailable):
    """The embedding provider does not answer; try again."""

    def __init__(self, message: str, *, after_seconds: float | None = None) -> None:
        """`after_seconds`: how long the provider asks to be left alone, when it says so."""
        super().__init__(message)
        self.after_seconds = after_seconds


async def call_all[Answer](
    calls: Sequence[Callable[[], Awaitable[Answer]]], *, at_once: int, purpose: Purpose
) -> list[Answer]:
    """The answers in order. The first call that fails for good cancels the others."""
    slots = asyncio.Semaphore(at_once)

    async def call(one: Callable[[], Awaitable[Answer]]) -> Answer:
        async with slots:
            # Later calls find less of the event's time left.
            patience = max(min(PATIENCE_SECONDS[purpose], seconds_left(reserve=RESERVE_SECONDS)), 0.0)
            return await _call_patiently(one, patience)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call(one)) for one in calls]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _call_patiently[Answer](call: Callable[[], Awaitable[Answer]], patience: float) -> Answer:
    """The answer of the first attempt that does not raise TryAgain; EmbedderUnavailable at the end."""
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(TryAgain),
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(patience),
        wait=_seconds_to_wait,
        reraise=True,
    )
    try:
        async with asyncio.timeout(patience):
            return await retrying(call)
    except TimeoutError:
        raise EmbedderUnavailable(
            f"The embedding provider did not answer within {patience:g} seconds."
        ) from None


_backoff = wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS)


def _seconds_to_wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TryAgain) and error.after_seconds is not None:
        return error.after_seconds
    return _backoff(state)
