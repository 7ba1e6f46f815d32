"""What queues and schedules wrap around the work they hand to a function."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, TypedDict

from shared.errors import InvalidRequest
from shared.observability import Event, Metric, correlated, count, describe_error, logger, measure

type LambdaEvent = Mapping[str, object]


class Request(Protocol):
    """What a message asks for, and the id of the request that it was sent for."""

    @property
    def correlation_id(self) -> str | None: ...


class FailedItem(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    """Tells SQS which messages to deliver again; all others are done."""

    batchItemFailures: list[FailedItem]


async def process_records[Asked: Request](
    event: LambdaEvent, read: Callable[[str], Asked], handle: Callable[[Asked], Awaitable[None]]
) -> BatchResponse:
    """Hand what each SQS record's body asks for to `handle`, one after the other, and name those that failed.

    A record without a body, or with one that `read` refuses, fails alone, like any other failure of a
    record: SQS delivers it again and in the end moves it to the dead-letter queue. An event that is not
    made of SQS records raises InvalidRequest before anything is handled.
    """
    failures: list[FailedItem] = []
    for message_id, request, record in _readable(event, read, failures):
        with correlated(request.correlation_id or message_id), _failing([message_id], failures):
            await handle(request)
            _measure_lag(record)
    return {"batchItemFailures": failures}


async def process_together[Asked: Request](
    event: LambdaEvent, read: Callable[[str], Asked], handle: Callable[[], Awaitable[None]]
) -> BatchResponse:
    """The same for records that all ask for one thing: `handle` does it once for all that can be read."""
    failures: list[FailedItem] = []
    readable = {message_id: request for message_id, request, _ in _readable(event, read, failures)}
    if readable:
        first, request = next(iter(readable.items()))
        with correlated(request.correlation_id or first), _failing(list(readable), failures):
            await handle()
    return {"batchItemFailures": failures}


def _readable[Asked: Request](
    event: LambdaEvent, read: Callable[[str], Asked], failures: list[FailedItem]
) -> Iterator[tuple[str, Asked, object]]:
    for message_id, record in _records_by_id(event):
        request = None
        with correlated(message_id), _failing([message_id], failures):
            request = read(_body_of(record))
        if request is not None:
            yield message_id, request, record


@contextmanager
def _failing(message_ids: Sequence[str], failures: list[FailedItem]) -> Iterator[None]:
    """Whatever these records meet, the others go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        count(Metric.RECORD_FAILED, len(message_ids))
        about = {"record": message_ids[0], "records": len(message_ids), **describe_error(error)}
        logger().error(Event.RECORD_FAILED, extra=about)
        failures += [{"itemIdentifier": message_id} for message_id in message_ids]


def _measure_lag(record: object) -> None:
    match record:
        case {"attributes": {"SentTimestamp": str(sent)}} if sent.isdecimal():
            measure({Metric.QUEUE_LAG: max(time.time() * 1000 - int(sent), 0)})


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


def event_id(event: object) -> object:
    """The id of a schedule's or a deployment's event, if it has one."""
    match event:
        case {"id": identifier} | {"RequestId": identifier}:
            return identifier
        case _:
            return None


def _records_by_id(event: object) -> list[tuple[str, object]]:
    match event:
        case {"Records": [_, *_] as records}:
            return [(_message_id_of(record), record) for record in records]
        case _:
            raise InvalidRequest(
                'The event is neither a schedule nor records: SQS sends {"Records": [...]};'
                ' by hand, send {"schedule": "now"}.'
            )


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
