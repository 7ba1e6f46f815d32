"""Budgets of a day, looked at before something is done, and usage, counted when it was."""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, Protocol, Self

from fastapi import Depends, Request

from shared.cache.opening import open_counters
from shared.database.units_of_work import Database
from shared.domain.limits import USAGE_FIELD
from shared.domain.principals import Limits, Principal
from shared.domain.usage import EVERYBODY, Demand, Usage, seconds_until_tomorrow, today
from shared.errors import BudgetExceeded
from shared.queues.usage_queue import UsageQueueSettings, open_usage_queue
from shared.security.budget_settings import BudgetSettings
from shared.services.report_usage import UsageReporter
from shared.services.spend_budgets import TableBudgets


class MeterSettings(BudgetSettings, UsageQueueSettings):
    """What functions need whose answers are counted."""


class Meter:
    """Counts what the answers of this process cost. Raises ConfigurationError for a malformed REDIS_URL."""

    def __init__(self, settings: MeterSettings) -> None:
        self._settings = settings
        self._reporter = UsageReporter(open_usage_queue(settings))
        self._redis = open_counters(settings)
        self._table = TableBudgets()

    async def admit(self, database: Database, principal: Principal, *, searches: int) -> None:
        """Count searches that are about to be made. Raises BudgetExceeded, having counted none."""
        demands = self._demands(principal, Usage(searches=searches))
        refused = await self._spend(database, principal, demands) if demands else None
        if refused is not None:
            whose = "principal" if refused.principal else "deployment"
            message = f"{refused.limit} of this {whose} are used up"
            raise BudgetExceeded(
                details=[{"field": f"{refused.counted}_per_day", "message": message}],
                retry_after_seconds=seconds_until_tomorrow(datetime.now(UTC)),
            )

    async def record(self, database: Database, principal: Principal, usage: Usage) -> None:
        """Count what an answer has cost; its searches were counted when they were admitted."""
        self._reporter.add(principal.accounted_to, usage)
        if usage.embedded_tokens:
            demands = [
                demand._replace(amount=usage.embedded_tokens, limit=None)
                for demand in self._demands(principal, usage)
                if demand.counted == "embedded_tokens"
            ]
            if demands:
                await self._spend(database, principal, demands)

    async def aclose(self) -> None:
        await self._reporter.aclose()
        if self._redis is not None:
            await self._redis.aclose()

    def _demands(self, principal: Principal, usage: Usage) -> list[Demand]:
        """One for each budget that there is; how many tokens a search embeds is not known before it."""
        settings = self._settings
        demands: list[Demand] = []
        for holder in principal.holders:
            own = holder.limits or Limits()
            searches = settings.searches_per_day if own.searches_per_day is None else own.searches_per_day
            tokens = own.embedded_tokens_per_day
            tokens = settings.embedded_tokens_per_day if tokens is None else tokens
            demands += [
                Demand(holder.name, "searches", usage.searches, searches),
                Demand(holder.name, "embedded_tokens", 0, tokens),
            ]
        demands += [
            Demand(EVERYBODY, "searches", usage.searches, settings.deployment_searches_per_day),
            Demand(EVERYBODY, "embedded_tokens", 0, settings.deployment_embedded_tokens_per_day),
        ]
        return [demand for demand in demands if demand.limit is not None]

    async def _spend(self, database: Database, principal: Principal, demands: list[Demand]) -> Demand | None:
        day = today()
        answered = None if self._redis is None else await self._redis.spend(day, demands)
        if answered is None:
            return await self._table.spend(database, principal, day, demands)
        return answered[0]


class Metering(NamedTuple):
    """The meter, with the database where it looks for what others have used."""

    meter: Meter
    database: Database
    answer_headers: dict[str, str]

    async def admit(self, principal: Principal, *, searches: int = 1) -> None:
        """Raises BudgetExceeded."""
        await self.meter.admit(self.database, principal, searches=searches)

    async def record(self, principal: Principal, usage: Usage) -> None:
        """Count what the answer has cost, and tell it in the answer's header."""
        self.answer_headers[USAGE_FIELD] = usage.as_field()
        await self.meter.record(self.database, principal, usage)


async def open_metering(request: Request) -> Metering:
    state = request.app.state
    return Metering(state.meter, state.database, request.state.answer_headers)


OpenMetering = Annotated[Metering, Depends(open_metering)]


class _Limited(Protocol):
    @property
    def limit(self) -> int: ...

    def model_copy(self, *, update: dict[str, Any]) -> Self: ...


def narrowed[Request: _Limited](request: Request, principal: Principal) -> Request:
    """The request for as many hits as its caller may have at most."""
    most = principal.most_hits
    if most is None:
        return request
    group_size = min(getattr(request, "group_size", 1), most)
    update = {"limit": min(request.limit, max(most // group_size, 1))}
    return request.model_copy(update={**update, "group_size": group_size} if group_size > 1 else update)
