"""What queues and schedules wrap around the work they hand to a function."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict

from shared.errors import InvalidRequest
from shared.observability import Event, Metric, count, describe_error, logger

type LambdaEvent = Mapping[str, object]


class FailedItem(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    """Tells SQS which messages to deliver again; all others are done."""

    batchItemFailures: list[FailedItem]


async def process_records(event: LambdaEvent, handle: Callable[[str], Awaitable[None]]) -> BatchResponse:
    """Hand each SQS record's body to `handle`, one after the other, and name those that failed.

    A record without a body, or with one that `handle` cannot read, fails alone, like any other
    failure of a record: SQS delivers it again and in the end moves it to the dead-letter queue. An
    event that is not made of SQS records raises InvalidRequest before anything is handled.
    """
    failures: list[FailedItem] = []
    for message_id, record in _records_by_id(event):
        try:
            await handle(_body_of(record))
        except Exception as error:  # noqa: BLE001 - whatever a record meets, the others go on
            count(Metric.RECORD_FAILED)
            logger().error(Event.RECORD_FAILED, extra={"record": message_id, **describe_error(error)})
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}


def is_schedule(event: object) -> bool:
    """Whether the event comes from a schedule.

    Rules of EventBridge and EventBridge Scheduler send a "Scheduled Event" from `aws.events` or
    `aws.scheduler`. `{"schedule": "<name>"}` is the same by hand, for `concord invoke`, for
    `concord up` and for a schedule with an input of its own.
    """
    match event:
        case {"source": "aws.events" | "aws.scheduler", "detail-type": "Scheduled Event"}:
            return True
        case {"schedule": str(name)}:
            return bool(name)
        case _:
            return False


def refuse_unless_schedule(event: object) -> None:
    """Raise InvalidRequest when a function that only runs by schedule gets something else."""
    if not is_schedule(event):
        raise InvalidRequest('The event is no schedule; by hand, send {"schedule": "now"}.')


def _records_by_id(event: object) -> list[tuple[str, object]]:
    match event:
        case {"Records": [_, *_] as records}:
            return [(_message_id_of(record), record) for record in records]
        case _:
            raise InvalidRequest('The event has no records: SQS sends {"Records": [...]}.')


def _message_id_of(record: object) -> str:
    match record:
        case {"eventSource": "aws:sqs", "messageId": str(message_id)} if message_id:
            return message_id
        case _:
            # Without an id it could not be reported, and SQS would take it for done.
            raise InvalidRequest("The event holds something else than SQS records with messageId.")


def _body_of(record: object) -> str:
    match record:
        case {"body": str(body)}:
            return body
        case _:
            raise InvalidRequest("The record has no body.")
