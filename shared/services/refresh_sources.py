"""Begin the runs of sources whose time has come, and take up those of which nothing came back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from shared.database.rows import SourceRow
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.fetches import FetchRequest
from shared.domain.principals import Principal
from shared.domain.sources import MOST_ERROR_CHARACTERS, SourceState, pause_seconds
from shared.errors import QueueUnavailable
from shared.queues.fetch_queue import FetchQueue
from shared.repositories import sources
from shared.services.source_requests import begin_run

# Longer than a fetch waits in the queue and takes, and its outcome is stored, by and large.
LEASE_SECONDS = 1_800.0
_MOST_LOST = 3
_SOURCES_AT_ONCE = 20
_GIVEN_UP = "What was to be fetched did not come back, several times; the functions' logs tell why."


@dataclass(slots=True)
class RefreshReport:
    """How many runs were begun, taken up again, and given up."""

    begun: int = 0
    resumed: int = 0
    given_up: int = 0


async def refresh_sources(database: Database, queue: FetchQueue, principal: Principal) -> RefreshReport:
    """All that are due now."""
    report = RefreshReport()
    while True:
        requests: list[FetchRequest] = []
        async with database.unit_of_work(principal) as unit:
            due = await sources.claim_due(unit, lease_seconds=LEASE_SECONDS, limit=_SOURCES_AT_ONCE)
            lost = await sources.claim_lost(unit, lease_seconds=LEASE_SECONDS, limit=_SOURCES_AT_ONCE)
            for source in lost:
                if source.lost > _MOST_LOST:
                    report.given_up += 1
                    await fail_run(unit, source, _GIVEN_UP)
                else:
                    report.resumed += 1
                    requests.append(await begin_run(unit, source))
            requests += [await begin_run(unit, source) for source in due]
        report.begun += len(due)
        await send(queue, requests)
        if max(len(due), len(lost)) < _SOURCES_AT_ONCE:
            return report


async def refresh_source(
    database: Database, queue: FetchQueue, principal: Principal, source: SourceRow
) -> None:
    """Begin a run of this source when it is due and has none."""
    async with database.unit_of_work(principal) as unit:
        claimed = await sources.claim_due(unit, lease_seconds=LEASE_SECONDS, limit=1, only=source)
        requests = [await begin_run(unit, claim) for claim in claimed]
    await send(queue, requests)


async def send(queue: FetchQueue, requests: Sequence[FetchRequest]) -> None:
    """A message that is lost is made up for when its run's lease ends."""
    with suppress(QueueUnavailable):
        await queue.send(requests)


async def fail_run(unit: UnitOfWork, source: SourceRow, error: str, *, asked: float = 0.0) -> None:
    """All stays as it is; the source is tried again later and later, not before the seconds `asked` for."""
    failures = source.failures + 1
    await sources.finish_run(
        unit,
        source,
        state=SourceState.FAILING,
        failures=failures,
        error=error[:MOST_ERROR_CHARACTERS],
        deletions=0,
        pause_seconds=retry_pause(source, failures, asked=asked),
    )


def retry_pause(source: SourceRow, failures: int, *, asked: float = 0.0) -> float | None:
    """Seconds until a failing source is tried again; one without a schedule is not."""
    return None if source.schedule_seconds is None else pause_seconds(failures, asked=asked)
