import asyncio
import json
import subprocess
import sys

import pytest

from shared.errors import InvalidRequest, QueueUnavailable
from shared.events.envelopes import is_schedule, process_records, refuse_unless_schedule


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


async def test_every_record_is_handled_in_order() -> None:
    handled: list[str] = []

    async def handle(body: str) -> None:
        await asyncio.sleep(0)
        handled.append(body)

    event = {"Records": [record("1", "a"), record("2", "b")]}
    assert await process_records(event, handle) == {"batchItemFailures": []}
    assert handled == ["a", "b"]


async def test_a_failing_record_fails_alone(capsys: pytest.CaptureFixture[str]) -> None:
    handled: list[str] = []

    async def handle(body: str) -> None:
        if body == "secret":
            raise ValueError(body)
        if body == "later":
            raise QueueUnavailable(body)
        handled.append(body)

    without_body = record("3", "x")
    del without_body["body"]
    records = [record("1", "secret"), record("2", "later"), without_body, record("4", "good")]
    answer = await process_records({"Records": records}, handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in ("1", "2", "3")]}
    assert handled == ["good"]
    logged = capsys.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["message"] for line in lines] == ["record_failed"] * 3
    assert [line["record"] for line in lines] == ["1", "2", "3"]
    assert [line.get("code") for line in lines] == [None, "queue_unavailable", "invalid_request"]
    assert "secret" not in logged


async def test_a_cancelled_record_cancels_all() -> None:
    async def handle(body: str) -> None:
        raise asyncio.CancelledError(body)

    with pytest.raises(asyncio.CancelledError):
        await process_records({"Records": [record("1", "a")]}, handle)


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
    async def handle(body: str) -> None:
        pytest.fail(f"{body} was handled")

    with pytest.raises(InvalidRequest, match="records"):
        await process_records(event, handle)


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


def test_a_scheduled_function_refuses_other_events() -> None:
    refuse_unless_schedule({"schedule": "now"})
    with pytest.raises(InvalidRequest, match="no schedule"):
        refuse_unless_schedule({"Records": [record("1", "a")]})


def test_a_worker_does_not_import_fastapi() -> None:
    code = "import sys, shared.events.envelopes; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
