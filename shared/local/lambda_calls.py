"""What AWS hands a function: events of its sources, and the context of a call."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from shared.local.function_list import DeployedFunction

REGION = "local"
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context object of one call, for as long as the template lets the function run."""

    function_name: str
    memory_limit_in_mb: int
    timeout_seconds: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        left = self.timeout_seconds - (time.monotonic() - self.started)
        return max(round(left * 1000), 0)


def context_of(function: DeployedFunction) -> LambdaContext:
    return LambdaContext(function.name, function.memory, float(function.timeout))


def http_event(
    method: str, address: str, body: bytes | None = None, key: str | None = None
) -> dict[str, Any]:
    """An API Gateway HTTP API event, payload version 2.0.

    `address` is a path with an optional query; a body is taken for JSON; `key` is sent as a bearer key.
    """
    path, _, query = address.partition("?")
    now = datetime.now(UTC)
    headers = {"host": "localhost", "user-agent": "concord invoke", "x-forwarded-proto": "https"}
    if body is not None:
        headers |= {"content-type": "application/json", "content-length": str(len(body))}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method.upper(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers["user-agent"],
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": round(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if body is not None:
        event |= _body(body)
    return event


def _joined(parameters: list[tuple[str, str]]) -> dict[str, str]:
    """The gateway joins the values of a repeated parameter with commas."""
    joined: dict[str, str] = {}
    for name, value in parameters:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def sqs_event(bodies: Sequence[str], queue: str = "local") -> dict[str, Any]:
    """An SQS event with one record for each message body."""
    sent = str(round(time.time() * 1000))
    return {
        "Records": [
            {
                "messageId": str(uuid.uuid4()),
                "receiptHandle": "local",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
                "awsRegion": REGION,
            }
            for body in bodies
        ]
    }


def storage_event(key: str, size: int, bucket: str = "local") -> dict[str, Any]:
    """What S3 tells through EventBridge when an object was stored."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "source": "aws.s3",
        "detail-type": "Object Created",
        "account": ACCOUNT,
        "region": REGION,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": size},
            "reason": "PutObject",
        },
    }


def default_event(function: DeployedFunction) -> dict[str, Any] | None:
    """What a function may be called with when nobody says: its schedule's event, or its plain route."""
    if function.schedules:
        event: dict[str, Any] = json.loads(function.schedules[0].event)
        return event
    if not function.routes:
        return {}
    route = function.routes[0]
    is_plain = route.method == "GET" and "{" not in route.path
    return http_event(route.method, route.path) if is_plain else None


@contextmanager
def main_event_loop() -> Iterator[None]:
    """The main thread's event loop, which HTTP handlers run on, closed at the end."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()
