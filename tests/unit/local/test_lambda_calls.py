import base64
import json
from datetime import timedelta

import pytest

from shared.domain.embedding_jobs import EmbedRequest
from shared.events.envelopes import is_schedule, process_records
from shared.local.function_list import DeployedFunction, Route, Schedule
from shared.local.lambda_calls import context_of, default_event, http_event, sqs_event


def function(*, routes: tuple[Route, ...] = (), schedules: tuple[Schedule, ...] = ()) -> DeployedFunction:
    return DeployedFunction(
        "things_get", "functions.things_get.handler.handler", 256, 10, routes, (), (), schedules
    )


def test_an_http_event_is_one_of_api_gateway() -> None:
    event = http_event("post", "/v1/things?a=1&b=&a=2%20x", b'{"q": "\xc3\xbc"}', "secret")
    context = event.pop("requestContext")
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/v1/things",
        "rawQueryString": "a=1&b=&a=2%20x",
        "queryStringParameters": {"a": "1,2 x", "b": ""},
        "headers": {
            "host": "localhost",
            "user-agent": "concord invoke",
            "x-forwarded-proto": "https",
            "content-type": "application/json",
            "content-length": "11",
            "authorization": "Bearer secret",
        },
        "body": '{"q": "ü"}',
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/v1/things",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "concord invoke",
    }


def test_a_request_without_a_body_has_none() -> None:
    event = http_event("GET", "/health")
    assert "body" not in event
    assert "queryStringParameters" not in event
    assert "authorization" not in event["headers"]


def test_a_body_that_is_no_text_is_sent_in_base64() -> None:
    event = http_event("POST", "/x", b"\xff")
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff", True)


async def test_an_sqs_event_is_understood_by_functions() -> None:
    request = EmbedRequest(1, (2, 3))
    seen = []

    async def handle(request: EmbedRequest) -> None:
        seen.append(request)

    event = sqs_event([request.to_message(), request.to_message()])
    assert await process_records(event, EmbedRequest.from_message, handle) == {"batchItemFailures": []}
    assert seen == [request, request]
    assert len({record["messageId"] for record in event["Records"]}) == 2


def test_without_an_event_a_schedule_has_its_own() -> None:
    event = default_event(
        function(schedules=(Schedule(timedelta(minutes=5), json.dumps({"schedule": "x"})),))
    )
    assert event == {"schedule": "x"}
    assert is_schedule(event)


def test_without_an_event_a_plain_route_is_asked() -> None:
    event = default_event(function(routes=(Route("GET", "/health"),)))
    assert event is not None
    assert event["rawPath"] == "/health"


@pytest.mark.parametrize("route", [Route("POST", "/v1/things"), Route("GET", "/v1/things/{id}")])
def test_without_an_event_other_routes_cannot_be_asked(route: Route) -> None:
    assert default_event(function(routes=(route,))) is None


def test_what_a_deployment_calls_gets_an_empty_event() -> None:
    assert default_event(function()) == {}


def test_a_context_tells_what_lambda_tells() -> None:
    context = context_of(function())
    assert context.function_name == "things_get"
    assert context.log_group_name == "/aws/lambda/things_get"
    assert context.invoked_function_arn.endswith(":function:things_get")
    assert context.memory_limit_in_mb == 256
    assert 9_000 < context.get_remaining_time_in_millis() <= 10_000
    assert context.aws_request_id != context_of(function()).aws_request_id


def test_time_does_not_run_below_nothing() -> None:
    late = DeployedFunction("x", "functions.x.handler.handler", 256, -5, (), (), (), ())
    assert context_of(late).get_remaining_time_in_millis() == 0
