import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from shared.aws.invocation import invocation
from shared.embeddings import remote_calls
from shared.embeddings.protocol import Purpose
from shared.embeddings.remote_calls import ATTEMPTS, TryAgain, call_all
from shared.errors import EmbedderRejected, EmbedderUnavailable


def failing(*errors: Exception) -> Callable[[], Awaitable[str]]:
    """A call that fails in these ways, one after the other, and then answers."""
    remaining = list(errors)

    async def call() -> str:
        if remaining:
            raise remaining.pop(0)
        return "answer"

    return call


async def test_answers_come_in_order_and_few_calls_run_at_once() -> None:
    running = most = 0

    def call(number: int) -> Callable[[], Awaitable[int]]:
        async def answer() -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.01 if number % 2 else 0.002)
            running -= 1
            return number

        return answer

    answers = await call_all([call(number) for number in range(9)], at_once=3, purpose=Purpose.DOCUMENT)

    assert answers == list(range(9))
    assert most == 3


async def test_no_calls_have_no_answers() -> None:
    calls: list[Callable[[], Awaitable[str]]] = []

    assert await call_all(calls, at_once=1, purpose=Purpose.QUERY) == []


async def test_waits_as_long_as_the_provider_asks() -> None:
    started = time.monotonic()

    answers = await call_all([failing(TryAgain("busy", after_seconds=0.2))], at_once=1, purpose=Purpose.QUERY)

    assert answers == ["answer"]
    assert time.monotonic() - started >= 0.2


async def test_backs_off_by_itself_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    slept = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await slept(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)

    errors = [TryAgain("busy") for _ in range(ATTEMPTS - 1)]
    assert await call_all([failing(*errors)], at_once=1, purpose=Purpose.DOCUMENT) == ["answer"]

    assert len(set(waits)) == ATTEMPTS - 1
    assert all(0 <= wait <= 0.5 * 2**number for number, wait in enumerate(waits))


async def test_gives_up_after_some_attempts() -> None:
    errors = [TryAgain(f"attempt {number}", after_seconds=0) for number in range(1, 20)]

    with pytest.raises(EmbedderUnavailable, match=f"^attempt {ATTEMPTS}$"):
        await call_all([failing(*errors)], at_once=1, purpose=Purpose.DOCUMENT)


async def test_does_not_keep_a_query_waiting() -> None:
    started = time.monotonic()

    with pytest.raises(EmbedderUnavailable, match="busy"):
        await call_all([failing(TryAgain("busy", after_seconds=30))], at_once=1, purpose=Purpose.QUERY)

    assert time.monotonic() - started < 1


async def test_a_provider_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(remote_calls.PATIENCE_SECONDS, Purpose.QUERY, 0.05)

    async def hang() -> None:
        await asyncio.sleep(60)

    with pytest.raises(EmbedderUnavailable, match=r"within 0\.05 seconds"):
        await call_all([hang], at_once=1, purpose=Purpose.QUERY)


async def test_a_refusal_is_not_repeated_and_cancels_the_others() -> None:
    cancelled = asyncio.Event()

    async def hang() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return "late"

    calls = [hang, failing(EmbedderRejected("no"))]
    with pytest.raises(EmbedderRejected, match=r"^no$"):
        await call_all(calls, at_once=2, purpose=Purpose.DOCUMENT)

    assert cancelled.is_set()


@pytest.mark.parametrize(("seconds", "longest"), [(2.3, 0.6), (1.0, 0.2)])
async def test_nobody_waits_longer_than_the_event_has(seconds: float, longest: float) -> None:
    """Two seconds are left to answer without it."""

    async def hang() -> None:
        await asyncio.sleep(5)

    started = time.monotonic()

    with invocation(None, at_most_seconds=seconds), pytest.raises(EmbedderUnavailable, match="seconds"):
        await call_all([hang], at_once=1, purpose=Purpose.DOCUMENT)

    assert time.monotonic() - started < longest


async def test_calls_that_wait_for_a_slot_have_no_more_time_than_is_left() -> None:
    """Ten calls of 0.2 seconds, two at once, when the event has 0.5 seconds for them."""

    async def slow() -> None:
        await asyncio.sleep(0.2)

    started = time.monotonic()

    with invocation(None, at_most_seconds=2.5), pytest.raises(EmbedderUnavailable, match="seconds"):
        await call_all([slow] * 10, at_once=2, purpose=Purpose.DOCUMENT)

    assert time.monotonic() - started < 0.9
