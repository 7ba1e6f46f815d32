"""When usage is reported, and what becomes of reports that nobody takes."""

import asyncio
import json
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shared.aws.invocation import invocation
from shared.domain.usage import Demand, Usage, UsageReport, seconds_until_tomorrow, today
from shared.errors import InvalidRequest, QueueUnavailable
from shared.observability import Event, logger
from shared.queues.in_process import InProcessQueue
from shared.queues.protocol import Message
from shared.services.report_usage import UsageReporter

SEARCH = Usage(searches=1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class ClosedQueue(InProcessQueue):
    """Takes nothing until it is open."""

    is_open = False

    async def send(self, messages: Sequence[Message]) -> None:
        if not self.is_open:
            raise QueueUnavailable
        await super().send(messages)


def reports_in(queue: InProcessQueue) -> list[UsageReport]:
    return [UsageReport.from_message(message) for message in queue._messages]


def counted(queue: InProcessQueue) -> dict[str, int]:
    return {entry.principal: entry.usage.searches for report in reports_in(queue) for entry in report.entries}


async def answer(reporter: UsageReporter, principal: str) -> None:
    """As an event does that is answered once."""
    with invocation(None) as current:
        reporter.add(principal, SEARCH)
        await current.finish()


async def test_events_report_every_ten_seconds_at_most() -> None:
    clock, queue = Clock(), InProcessQueue("usage")
    reporter = UsageReporter(queue, clock=clock)
    for _ in range(3):
        await answer(reporter, "a")
    assert reports_in(queue) == []
    clock.now = 10
    await answer(reporter, "b")
    assert counted(queue) == {"a": 3, "b": 1}
    await answer(reporter, "c")
    assert len(reports_in(queue)) == 1
    await reporter.aclose()
    assert counted(queue) == {"a": 3, "b": 1, "c": 1}
    await reporter.aclose()
    assert len(reports_in(queue)) == 2


async def test_a_server_reports_soon_and_what_is_left_at_its_end() -> None:
    queue = InProcessQueue("usage")
    reporter = UsageReporter(queue, soon_seconds=0.01)
    for principal in "aab":
        reporter.add(principal, SEARCH)
    (message,) = await asyncio.wait_for(queue.receive(), 5)
    report = UsageReport.from_message(message)
    assert [(e.day, e.principal, e.usage.searches) for e in report.entries] == [
        (today(), "a", 2),
        (today(), "b", 1),
    ]
    reporter.add("c", SEARCH)
    await reporter.aclose()
    assert counted(queue) == {"c": 1}


async def test_what_a_queue_does_not_take_comes_again_under_the_same_id() -> None:
    queue = ClosedQueue("usage")
    reporter = UsageReporter(queue)
    ids = set()
    for place in range(25):
        reporter.add(f"p{place}", SEARCH)
        await reporter.report()
        ids |= {report.id for report in reporter._unsent}
    # Of each report that could not be sent; the latest of them are kept.
    assert (len(ids), len(reporter._unsent)) == (25, 20)
    queue.is_open = True
    await reporter.aclose()
    assert {report.id for report in reports_in(queue)} <= ids
    assert counted(queue) == {f"p{place}": 1 for place in range(5, 25)}


async def test_many_principals_are_in_several_reports() -> None:
    queue = InProcessQueue("usage")
    reporter = UsageReporter(queue)
    for place in range(1_001):
        reporter.add(f"p{place}", SEARCH)
    await reporter.aclose()
    assert [len(report.entries) for report in reports_in(queue)] == [500, 500, 1]
    assert max(len(message) for message in queue._messages) < 256 * 1024


async def test_without_a_queue_the_log_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    logger().setLevel(logging.INFO)
    reporter = UsageReporter(None)
    reporter.add("ada", Usage(searches=2, embedded_tokens=7))
    await reporter.aclose()
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["message"] == Event.USED
    told = json.loads(line["usage"])["usage"]
    assert told == [{"day": str(today()), "principal": "ada", "searches": 2, "embedded_tokens": 7}]


def test_a_report_is_read_as_it_was_written() -> None:
    report = UsageReport((), correlation_id=str(uuid.uuid4()))
    assert UsageReport.from_message(report.to_message()) == report
    with pytest.raises(InvalidRequest):
        UsageReport.from_message('{"id": 1, "usage": []}')


def test_a_day_ends_at_midnight_of_utc() -> None:
    assert seconds_until_tomorrow(datetime(2026, 11, 29, 23, 59, 58, tzinfo=UTC)) == 2
    assert seconds_until_tomorrow(datetime(2026, 11, 29, 23, 59, 59, 900_000, tzinfo=UTC)) == 1
    assert seconds_until_tomorrow(datetime(2026, 12, 31, tzinfo=UTC)) == 86_400


@pytest.mark.parametrize(
    ("amount", "limit", "spent", "refused"),
    [
        (1, 3, 2, False),
        (1, 3, 3, True),
        (2, 3, 2, True),
        (0, 3, 3, True),
        (0, 3, 2, False),
        (9, None, 9, False),
    ],
)
def test_a_demand_is_refused_beyond_its_limit(
    amount: int, limit: int | None, spent: int, *, refused: bool
) -> None:
    assert Demand("a", "searches", amount, limit).refuses(spent) is refused
