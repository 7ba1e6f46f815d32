"""Events as AWS sends them, and the context that Lambda hands over beside them."""

import base64
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

type Event = dict[str, Any]


def http_event(
    method: str,
    path: str,
    body: object = None,
    *,
    query: str = "",
    headers: dict[str, str] | None = None,
) -> Event:
    """An API Gateway HTTP API event (payload format 2.0).

    `body` is sent as it is when it is text, in base64 when it is bytes, and otherwise as JSON.
    """
    sent = {"host": "api.example.com", "content-type": "application/json", **(headers or {})}
    text, is_base64 = _encoded(body)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": sent,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "api.example.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "tests",
            },
            "requestId": uuid.uuid4().hex,
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def _encoded(body: object) -> tuple[str | None, bool]:
    if body is None or isinstance(body, str):
        return body, False
    if isinstance(body, bytes):
        return base64.b64encode(body).decode(), True
    return json.dumps(body), False


def sqs_event(*bodies: str) -> Event:
    """A batch of SQS messages, with the message ids `message-0`, `message-1` and so on."""
    return {"Records": [_sqs_record(place, body) for place, body in enumerate(bodies)]}


def _sqs_record(place: int, body: str) -> Event:
    return {
        "messageId": f"message-{place}",
        "receiptHandle": uuid.uuid4().hex,
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1763888400000"},
        "messageAttributes": {},
        "md5OfBody": "00000000000000000000000000000000",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:embed",
        "awsRegion": "eu-central-1",
    }


def failed_records(*places: int) -> dict[str, list[dict[str, str]]]:
    """What a function answers when these records of `sqs_event` are to be delivered again."""
    return {"batchItemFailures": [{"itemIdentifier": f"message-{place}"} for place in places]}


def schedule_event(rule: str = "concord-schedule") -> Event:
    """What EventBridge sends when a rule's time has come."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-23T10:00:00Z",
        "region": "eu-central-1",
        "resources": [f"arn:aws:events:eu-central-1:123456789012:rule/{rule}"],
        "detail": {},
    }


@dataclass(frozen=True)
class LambdaContext:
    """What a handler sees of its environment; `seconds` remain from its making."""

    function_name: str = "function"
    seconds: float = 60.0
    started: float = field(default_factory=time.monotonic)
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def get_remaining_time_in_millis(self) -> int:
        return int((self.started + self.seconds - time.monotonic()) * 1000)


def error_answer(
    status: int, code: str, message: str, kind: str, details: Sequence[Event] = (), **headers: str
) -> Event:
    """The whole response that carries an error."""
    error = {"code": code, "message": message, "type": kind, "details": list(details)}
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": {"error": error},
        "isBase64Encoded": False,
    }


def answer(status: int, body: object, **headers: str) -> Event:
    """The whole response that carries a JSON body, as `tests.builders.functions` normalises it."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": body,
        "isBase64Encoded": False,
    }


def usage_of(**used: int) -> dict[str, int]:
    """The `usage` of an answer; what is not named is 0."""
    return {
        **dict.fromkeys(
            ("searches", "embedded_queries", "embedded_tokens", "documents_written", "document_tokens"), 0
        ),
        **used,
    }
