"""Turns at one place: who is alone has one at once, who waits shares the next."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from shared.database import shared_turns
from shared.database.shared_turns import SharedTurns
from shared.errors import CollectionNotFound, DatabaseUnavailable

request: ContextVar[str] = ContextVar("request")


class Place:
    """Doubles numbers, one turn at a time, each as long as the test wants it."""

    def __init__(self) -> None:
        self.turns = SharedTurns()
        self.carried_out: list[list[int]] = []
        self.at_work = asyncio.Semaphore(0)
        self.go_on = asyncio.Semaphore(0)
        self.failures: dict[int, Exception] = {}

    async def _double(self, numbers: Sequence[int]) -> list[int]:
        self.carried_out.append(list(numbers))
        self.at_work.release()
        await self.go_on.acquire()
        for number in numbers:
            if number in self.failures:
                raise self.failures[number]
        return [2 * number for number in numbers]

    def take(self, number: int) -> asyncio.Task[int]:
        def fit(numbers: Sequence[int]) -> bool:
            return sum(numbers) < 100

        return asyncio.create_task(self.turns.take("here", number, self._double, fit=fit))

    async def begin(self, *numbers: int) -> list[asyncio.Task[int]]:
        """The first is at work, the others wait."""
        tasks = [self.take(number) for number in numbers]
        await self.at_work.acquire()
        return tasks

    async def finish(self, tasks: Sequence[asyncio.Task[int]]) -> list[int | BaseException]:
        for _ in range(100):
            self.go_on.release()
        async with asyncio.timeout(10):
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            while self.turns._turns:
                await asyncio.wait(self.turns._turns)
        return outcomes

    def is_quiet(self) -> bool:
        return not self.turns._places


@pytest.fixture
async def place() -> Place:
    return Place()


async def test_who_is_alone_has_a_turn_at_once(place: Place) -> None:
    assert await place.finish(await place.begin(1)) == [2]
    assert await place.finish(await place.begin(2)) == [4]
    assert place.carried_out == [[1], [2]]
    assert place.is_quiet()


async def test_those_who_come_meanwhile_share_the_next(place: Place) -> None:
    assert await place.finish(await place.begin(1, 2, 3, 4)) == [2, 4, 6, 8]
    assert place.carried_out == [[1], [2, 3, 4]]
    assert place.is_quiet()


async def test_what_does_not_fit_waits_for_the_one_after_and_none_overtakes_it(place: Place) -> None:
    assert await place.finish(await place.begin(1, 60, 70, 2)) == [2, 120, 140, 4]
    assert place.carried_out == [[1], [60], [70, 2]]


async def test_other_places_are_not_waited_for(place: Place) -> None:
    here = await place.begin(1)
    there = place.turns.take("there", 5, place._double, fit=lambda _: True)
    others = [asyncio.create_task(there)]
    await place.at_work.acquire()
    assert await place.finish([*here, *others]) == [2, 10]


async def test_of_a_turn_that_fails_each_has_one_to_himself(place: Place) -> None:
    place.failures[3] = CollectionNotFound()
    outcomes = await place.finish(await place.begin(1, 2, 3, 4))
    assert outcomes == [2, 4, place.failures[3], 8]
    assert place.carried_out == [[1], [2, 3, 4], [2], [3], [4]]
    assert place.is_quiet()


async def test_who_comes_after_a_failure_shares_again(place: Place) -> None:
    place.failures[2] = ValueError("a bug")
    tasks = await place.begin(1, 2, 3)
    place.go_on.release()
    await place.at_work.acquire()
    tasks += [place.take(5), place.take(6)]
    assert await place.finish(tasks) == [2, place.failures[2], 6, 10, 12]
    assert place.carried_out == [[1], [2, 3], [2], [3], [5, 6]]


async def test_a_database_that_is_unavailable_is_so_for_all(place: Place) -> None:
    place.failures[3] = DatabaseUnavailable(retry_after_seconds=7)
    cause = place.failures[3].__cause__ = ConnectionError("gone")
    first, *outcomes = await place.finish(await place.begin(1, 2, 3, 4))
    assert first == 2
    assert len({id(outcome) for outcome in outcomes}) == 3
    for outcome in outcomes:
        assert isinstance(outcome, DatabaseUnavailable)
        assert (outcome.retry_after_seconds, outcome.__cause__) == (7, cause)
    assert place.carried_out == [[1], [2, 3, 4]]
    assert place.is_quiet()


async def test_who_gives_up_waiting_is_left_out(place: Place) -> None:
    tasks = await place.begin(1, 2, 3, 4)
    tasks[1].cancel()
    tasks[3].cancel()
    outcomes = await place.finish(tasks)
    assert (outcomes[0], outcomes[2]) == (2, 6)
    assert tasks[1].cancelled()
    assert tasks[3].cancelled()
    assert place.carried_out == [[1], [3]]
    assert place.is_quiet()


async def test_a_turn_that_has_begun_is_finished_whoever_gives_up(place: Place) -> None:
    tasks = await place.begin(1, 2, 3, 4)
    place.go_on.release()
    await place.at_work.acquire()
    tasks[1].cancel()
    outcomes = await place.finish(tasks)
    assert (outcomes[0], *outcomes[2:]) == (2, 6, 8)
    assert tasks[1].cancelled()
    assert place.carried_out == [[1], [2, 3, 4]]
    assert place.is_quiet()


async def test_an_error_for_who_has_given_up_is_told_to_nobody(place: Place) -> None:
    place.failures[1] = ValueError("a bug")
    tasks = await place.begin(1)
    tasks[0].cancel()
    await place.finish(tasks)
    assert tasks[0].cancelled()
    assert place.is_quiet()


async def test_nobody_waits_for_ever(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_turns, "PATIENCE_SECONDS", 0.05)
    tasks = await place.begin(1, 2, 60, 70)
    with pytest.raises(DatabaseUnavailable):
        await tasks[3]
    assert [type(outcome) for outcome in await place.finish(tasks)] == [int, *[DatabaseUnavailable] * 3]
    assert place.carried_out == [[1]]
    assert place.is_quiet()


async def test_who_is_being_served_hears_what_comes_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_turns, "PATIENCE_SECONDS", 0.05)
    tasks = await place.begin(1, 2)
    place.go_on.release()
    await place.at_work.acquire()
    await asyncio.sleep(0.1)
    assert await place.finish(tasks) == [2, 4]


async def test_turns_that_are_stopped_stop_those_who_wait_for_them(place: Place) -> None:
    tasks = await place.begin(1, 2)
    while place.turns._turns:
        for turn in list(place.turns._turns):
            turn.cancel()
        await asyncio.sleep(0)
    await place.finish(tasks)
    assert all(task.cancelled() for task in tasks)
    assert place.is_quiet()


async def test_each_turn_is_within_the_context_of_one_of_its_own(place: Place) -> None:
    seen: list[str] = []

    async def look(names: Sequence[str]) -> Sequence[str]:
        seen.append(request.get())
        await place.go_on.acquire()
        return names

    async def ask(name: str) -> str:
        request.set(name)
        return await place.turns.take("here", name, look, fit=lambda _: True)

    tasks = [asyncio.create_task(ask(name)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    for _ in tasks:
        place.go_on.release()
    assert await asyncio.gather(*tasks) == ["a", "b", "c"]
    assert seen == ["a", "b"]
