"""Budgets of a day where no Redis counts them."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.usage import EVERYBODY, Demand
from shared.repositories.usage import used_on_day

# What others have used is known to this process so much later, and when it is in the table.
REMEMBERED_SECONDS = 30.0
_MOST_PRINCIPALS = 10_000


class TableBudgets:
    """What the table says, 30 seconds old at most, and what this process has counted beyond it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = _MOST_PRINCIPALS) -> None:
        self._clock = clock
        self._most = most
        self._day: date | None = None
        self._spent: Counter[tuple[str, str]] = Counter()
        self._read_at: dict[str, float] = {}

    async def spend(
        self, database: Database, principal: Principal, day: date, demands: Sequence[Demand]
    ) -> Demand | None:
        """Count all demands, or none of them and return the one that is refused."""
        if day != self._day or len(self._read_at) > self._most:
            self._day = day
            self._spent.clear()
            self._read_at.clear()
        if self._clock() - self._read_at.get(principal.accounted_to, float("-inf")) > REMEMBERED_SECONDS:
            await self._read(database, principal, day)
        for demand in demands:
            if demand.refuses(self._spent[demand.principal, demand.counted]):
                return demand
        for demand in demands:
            self._spent[demand.principal, demand.counted] += demand.amount
        return None

    async def _read(self, database: Database, principal: Principal, day: date) -> None:
        name = principal.accounted_to
        async with database.unit_of_work(principal) as unit:
            used = await used_on_day(unit, name, day)
        self._read_at[name] = self._clock()
        told = {
            (name, "searches"): used.searches,
            (name, "embedded_tokens"): used.embedded_tokens,
            (EVERYBODY, "searches"): used.searches_of_all,
            (EVERYBODY, "embedded_tokens"): used.embedded_tokens_of_all,
        }
        # What this process has reported may be on its way yet.
        for counter, spent in told.items():
            self._spent[counter] = max(self._spent[counter], spent)
