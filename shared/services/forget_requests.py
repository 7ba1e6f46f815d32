"""Remove what was kept of requests once its time is over: answers, entries of the audit, usage."""

import time

from shared.database.units_of_work import Database
from shared.domain.maintenance import Retention
from shared.domain.principals import Principal
from shared.repositories import audit, idempotency, usage

ROWS_PER_UNIT = 1_000


async def forget_requests(
    database: Database, principal: Principal, *, retention: Retention, deadline: float
) -> tuple[int, bool]:
    """How many rows were removed, and whether those were all; not when time ran out first.

    `deadline` is on the monotonic clock.
    """
    forgotten = 0
    while time.monotonic() < deadline:
        async with database.unit_of_work(principal) as unit:
            removed = (
                await idempotency.forget(unit, ROWS_PER_UNIT),
                await audit.forget(unit, days=retention.audit_days, limit=ROWS_PER_UNIT),
                await usage.forget(unit, days=retention.usage_days, limit=ROWS_PER_UNIT),
            )
        forgotten += sum(removed)
        if max(removed) < ROWS_PER_UNIT:
            return forgotten, True
    return forgotten, False
