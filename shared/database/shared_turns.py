"""Who waits, in this process, to write where somebody else is at work goes next, together with all who do."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context, copy_context
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from shared.errors import DatabaseUnavailable

# Nobody waits here for longer than a connection and a statement may take together.
PATIENCE_SECONDS = 30.0


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class _Waiting:
    """`outcome` is done when there is one, or when nobody waits for it any more."""

    item: Any
    context: Context = field(default_factory=copy_context)
    outcome: asyncio.Future[Any] = field(default_factory=_future)
    alone: bool = False

    def fail(self, error: Exception) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(error)


class _Place:
    """What one at a time may write to, while somebody does: those who wait, in the order they came in."""

    def __init__(
        self,
        carry_out: Callable[[Sequence[Any]], Awaitable[Sequence[Any]]],
        fit: Callable[[Sequence[Any]], bool],
    ) -> None:
        self.line: list[_Waiting] = []
        self._carry_out = carry_out
        self._fit = fit

    def next(self) -> list[_Waiting]:
        """Take those out of the line who go next: from the first on, as long as they fit one turn."""
        together: list[_Waiting] = []
        while self.line:
            following = self.line[0]
            if following.outcome.done():
                del self.line[0]
                continue
            if together and (following.alone or together[0].alone):
                break
            if together and not self._fit([each.item for each in (*together, following)]):
                break
            together.append(self.line.pop(0))
        return together

    async def carry_out(self, together: Sequence[_Waiting]) -> None:
        try:
            outcomes = await self._carry_out([each.item for each in together])
        except Exception as error:  # noqa: BLE001 - whoever waits for the outcome gets it.
            self._fail(together, error)
        else:
            for each, outcome in zip(together, outcomes, strict=True):
                if not each.outcome.done():
                    each.outcome.set_result(outcome)

    def _fail(self, together: Sequence[_Waiting], error: Exception) -> None:
        if len(together) == 1:
            together[0].fail(error)
        elif isinstance(error, DatabaseUnavailable):
            for each in together:
                # To each one of his own, since to be raised adds to it.
                own = copy(error)
                own.__cause__ = error.__cause__
                each.fail(own)
        else:
            for each in together:
                each.alone = True
            self.line[:0] = together

    def give_up(self, waiting: _Waiting) -> None:
        """Let him go who still waits; who is being served hears what comes of it."""
        if waiting in self.line:
            waiting.fail(DatabaseUnavailable())


class SharedTurns:
    """Turns at something that only one may write to at a time, such as a collection.

    A turn costs its transaction, however much is written in it. Whoever comes while nobody is at work has a
    turn to himself at once. Those who come meanwhile wait here, where waiting holds no connection, until
    what all of them want is carried out together.
    """

    def __init__(self) -> None:
        self._places: dict[Hashable, _Place] = {}
        self._turns: set[asyncio.Task[None]] = set()

    async def take[Item, Outcome](
        self,
        place: Hashable,
        item: Item,
        carry_out: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]],
        *,
        fit: Callable[[Sequence[Item]], bool],
    ) -> Outcome:
        """The outcome of `item`, of those that `carry_out` returns in the order of its items.

        Items share a turn if they `fit` one. If such a turn fails, each of its items gets one to itself, so
        that no item is failed by another; only a database that is unavailable is so for all of them. A turn
        that has begun is finished, whoever gives up. Raises DatabaseUnavailable after PATIENCE_SECONDS.
        """
        mine = _Waiting(item)
        is_free = place not in self._places
        known = self._places.setdefault(place, _Place(carry_out, fit))
        known.line.append(mine)
        if is_free:
            self._begin(place)
        timer = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, known.give_up, mine)
        try:
            outcome: Outcome = await mine.outcome
        finally:
            timer.cancel()
        return outcome

    def _begin(self, place: Hashable) -> None:
        together = self._places[place].next()
        if not together:
            del self._places[place]
            return
        work = self._places[place].carry_out(together)
        turn = asyncio.create_task(work, context=together[0].context)
        self._turns.add(turn)
        turn.add_done_callback(partial(self._finish, place, together))

    def _finish(self, place: Hashable, together: Sequence[_Waiting], turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        if turn.cancelled():
            for each in together:
                each.outcome.cancel()
        self._begin(place)


_turns: WeakKeyDictionary[object, SharedTurns] = WeakKeyDictionary()


def turns_of(database: object) -> SharedTurns:
    """Those of all who write to one Database of this process."""
    return _turns.setdefault(database, SharedTurns())
