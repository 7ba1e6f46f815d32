"""Budgets that no Redis counts: what the table says, and what this process has added."""

from datetime import timedelta

from shared.database.connections import SingleConnection
from shared.domain.principals import ADMIN, WORKER
from shared.domain.usage import EVERYBODY, Demand, Usage, UsageEntry, UsageReport, today
from shared.services.record_usage import record_usage
from shared.services.spend_budgets import REMEMBERED_SECONDS, TableBudgets

ALL = Demand(EVERYBODY, "searches", 1, 10)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def record(database: SingleConnection, principal: str, searches: int) -> None:
    report = UsageReport((UsageEntry(today(), principal, Usage(searches=searches)),))
    await record_usage(database, WORKER, report)


async def test_what_others_use_is_known_half_a_minute_later(database: SingleConnection) -> None:
    clock = Clock()
    budgets = TableBudgets(clock=clock)
    assert await budgets.spend(database, ADMIN, today(), [ALL]) is None
    await record(database, "other", 9)
    assert await budgets.spend(database, ADMIN, today(), [ALL]) is None
    clock.now = REMEMBERED_SECONDS + 1
    # The table has heard of nine; this process has made two of its own meanwhile, which it may have.
    assert await budgets.spend(database, ADMIN, today(), [ALL]) is None
    assert await budgets.spend(database, ADMIN, today(), [ALL]) == ALL


async def test_a_refusal_counts_nothing_and_a_new_day_begins_at_nothing(database: SingleConnection) -> None:
    budgets = TableBudgets(clock=Clock())
    own = Demand(ADMIN.name, "searches", 1, 1)
    assert await budgets.spend(database, ADMIN, today(), [ALL, own]) is None
    for _ in range(20):
        assert await budgets.spend(database, ADMIN, today(), [ALL, own]) == own
    assert await budgets.spend(database, ADMIN, today(), [ALL._replace(amount=9)]) is None
    assert await budgets.spend(database, ADMIN, today() + timedelta(days=1), [ALL, own]) is None


async def test_many_principals_do_not_fill_the_memory(database: SingleConnection) -> None:
    budgets = TableBudgets(clock=Clock(), most=2)
    await record(database, "p0", 3)
    for place in range(4):
        principal = ADMIN._replace(name=f"p{place}")
        await budgets.spend(database, principal, today(), [Demand(principal.name, "searches", 1, 5)])
    assert set(budgets._read_at) == {"p3"}
    again = ADMIN._replace(name="p0")
    # What was forgotten is read again.
    demand = Demand("p0", "searches", 2, 4)
    assert await budgets.spend(database, again, today(), [demand]) == demand
