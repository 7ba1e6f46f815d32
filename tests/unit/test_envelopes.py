import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from shared.errors import InvalidRequest, QueueUnavailable
from shared.events.envelopes import event_id, is_schedule, process_records, process_together
from shared.observability import correlation_id


def record(message_id: str, body: str) -> dict[str, object]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "0",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:embed",
        "awsRegion": "eu-central-1",
    }


@dataclass(frozen=True)
class Asked:
    """What a record's body says: `what`, or `what for id`."""

    what: str
    correlation_id: str | None


def read(body: str) -> Asked:
    if body == "unreadable":
        raise InvalidRequest
    what, _, identifier = body.partition(" for ")
    return Asked(what, identifier or None)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    text = capsys.readouterr().err
    assert "secret" not in text
    return [json.loads(line) for line in text.splitlines()]


async def test_every_record_is_handled_in_order() -> None:
    handled: list[tuple[str, str | None]] = []

    async def handle(asked: Asked) -> None:
        await asyncio.sleep(0)
        handled.append((asked.what, correlation_id()))

    event = {"Records": [record("1", "a for request"), record("2", "b")]}
    assert await process_records(event, read, handle) == {"batchItemFailures": []}
    assert handled == [("a", "request"), ("b", "2")]
    assert correlation_id() is None


async def test_a_failing_record_fails_alone(capsys: pytest.CaptureFixture[str]) -> None:
    handled: list[str] = []

    async def handle(asked: Asked) -> None:
        if asked.what == "secret":
            raise ValueError(asked.what)
        if asked.what == "later":
            raise QueueUnavailable(asked.what)
        handled.append(asked.what)

    without_body = record("3", "x")
    del without_body["body"]
    records = [
        record("1", "secret for request"),
        record("2", "later"),
        without_body,
        record("4", "unreadable"),
        record("5", "good"),
    ]
    answer = await process_records({"Records": records}, read, handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in ("1", "2", "3", "4")]}
    assert handled == ["good"]
    lines = logged(capsys)
    assert [line["message"] for line in lines] == ["record_failed"] * 4
    assert [line["record"] for line in lines] == ["1", "2", "3", "4"]
    assert [line["correlation_id"] for line in lines] == ["request", "2", "3", "4"]
    assert [line.get("code") for line in lines] == [
        None, "queue_unavailable", "invalid_request", "invalid_request",
    ]  # fmt: skip


async def test_a_cancelled_record_cancels_all() -> None:
    async def handle(asked: Asked) -> None:
        raise asyncio.CancelledError(asked.what)

    with pytest.raises(asyncio.CancelledError):
        await process_records({"Records": [record("1", "a")]}, read, handle)


async def test_records_that_ask_for_one_thing_get_it_once(capsys: pytest.CaptureFixture[str]) -> None:
    runs: list[str | None] = []

    async def handle() -> None:
        runs.append(correlation_id())

    records = [record("1", "unreadable"), record("2", "a for request"), record("3", "a")]
    answer = await process_together({"Records": records}, read, handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert runs == ["request"]
    assert [line["correlation_id"] for line in logged(capsys)] == ["1"]
    answer = await process_together({"Records": records[:1]}, read, handle)
    assert (len(answer["batchItemFailures"]), len(runs)) == (1, 1)


async def test_records_that_ask_for_one_thing_fail_together(capsys: pytest.CaptureFixture[str]) -> None:
    async def handle() -> None:
        raise QueueUnavailable("secret")

    records = [record("1", "a"), record("2", "unreadable"), record("3", "a")]
    answer = await process_together({"Records": records}, read, handle)
    failed = sorted(item["itemIdentifier"] for item in answer["batchItemFailures"])
    assert failed == ["1", "2", "3"]
    assert [(line["record"], line["records"]) for line in logged(capsys)] == [("2", 1), ("1", 2)]


async def test_the_time_from_sending_to_having_handled_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handle(asked: Asked) -> None:
        if asked.what == "later":
            raise QueueUnavailable

    def sent(message_id: str, body: str, timestamp: object) -> dict[str, object]:
        return {**record(message_id, body), "attributes": {"SentTimestamp": timestamp}}

    now = round(time.time() * 1000)
    records = [
        sent("1", "a for request", str(now - 5000)),
        sent("2", "a", str(now + 60_000)),
        sent("3", "later", str(now)),
        sent("4", "a", "soon"),
        sent("5", "a", now),
        record("6", "a"),
    ]
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "chunks_embed")
    await process_records({"Records": records}, read, handle)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lags = {line["correlation_id"]: line["QueueLag"] for line in lines if "QueueLag" in line}
    assert sorted(lags) == ["2", "request"]
    assert 4990 <= lags["request"][0] < 65_000
    # Two machines' clocks differ.
    assert lags["2"] == [0.0]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": "text"},
        {"Records": ["text"]},
        {"Records": [record("1", "a"), {"eventSource": "aws:s3", "s3": {}}]},
        {"Records": [record("", "a")]},
        {"Records": [{"eventSource": "aws:sqs", "messageId": 1, "body": "a"}]},
        {"version": "2.0", "routeKey": "GET /health"},
    ],
)
async def test_an_event_of_another_kind_is_refused_before_anything_is_handled(
    event: dict[str, object],
) -> None:
    async def handle(asked: Asked) -> None:
        pytest.fail(f"{asked} was handled")

    async def handle_all() -> None:
        pytest.fail("all were handled")

    with pytest.raises(InvalidRequest, match="records"):
        await process_records(event, read, handle)
    with pytest.raises(InvalidRequest, match="records"):
        await process_together(event, read, handle_all)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {
                "version": "0",
                "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": "123456789012",
                "time": "2026-01-01T00:00:00Z",
                "region": "eu-central-1",
                "resources": ["arn:aws:events:eu-central-1:123456789012:rule/sweep"],
                "detail": {},
            },
            True,
        ),
        ({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}"}, True),
        ({"schedule": "sweep"}, True),
        ({"schedule": ""}, False),
        ({"schedule": 1}, False),
        ({"source": "aws.s3", "detail-type": "Object Created"}, False),
        ({"Records": [record("1", "a")]}, False),
        ({}, False),
        (None, False),
        ("schedule", False),
    ],
)
def test_what_a_schedule_is(event: object, expected: bool) -> None:
    assert is_schedule(event) is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"id": "schedule", "source": "aws.events"}, "schedule"),
        ({"RequestType": "Create", "RequestId": "deployment"}, "deployment"),
        ({"schedule": "now"}, None),
        ({"Records": []}, None),
        (["id"], None),
    ],
)
def test_what_an_events_id_is(event: object, expected: str | None) -> None:
    assert event_id(event) == expected


def test_a_worker_does_not_import_fastapi() -> None:
    code = "import sys, shared.events.envelopes; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
