"""CloudFormation's custom resources: a deployment that waits, up to an hour, until it has an answer."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.aws.http_calls import CallFailed, call
from shared.aws.start import end_start
from shared.config import ConfigurationError, SettingsGroup, load_settings, runs_on_lambda
from shared.errors import ConcordError, InvalidRequest, Unavailable
from shared.events.envelopes import event_id
from shared.events.lambda_function import deadline
from shared.observability import Event, correlated, describe_error, logger, quiet_libraries

# CloudFormation takes 4,096 bytes in all. The texts of an answer have this many, before JSON's own signs.
_TEXT_BYTES = 1_500
_STOP_SECONDS = 10.0
_PUT_TIMEOUT_SECONDS = 5.0
_PUT_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
# What events of queues, buckets, gateways and schedules have.
_OTHER_SOURCES = frozenset({"Records", "requestContext", "detail-type"})

type Properties = Mapping[str, object]
type Report = dict[str, Any]


class CustomResourceFunction[Settings: SettingsGroup]:
    """A coroutine as a Lambda handler for a custom resource, and for calls by hand.

    Settings are read at the event, not at init: a process that stopped there would leave CloudFormation
    waiting, and so a missing one is a reason that is answered. `attributes` makes what the template can
    `!GetAtt` of what the coroutine returns.
    """

    def __init__(
        self,
        work: Callable[[Settings, Properties], Awaitable[Report]],
        settings: type[Settings],
        *,
        physical_id: str,
        attributes: Callable[[Report], Mapping[str, str]],
    ) -> None:
        self.settings = settings
        self._work = work
        self._physical_id = physical_id
        self._attributes = attributes
        if runs_on_lambda():
            end_start()

    def __call__(self, event: Any, context: Any) -> Report:
        quiet_libraries()
        return asyncio.run(self.run(event, deadline(context)))

    async def run(self, event: Any, until: float) -> Report:
        """What the coroutine returns, when called by hand; for CloudFormation the answer it was given.

        Raises InvalidRequest for an event that comes from neither, and Unavailable for an answer that
        nobody took: Lambda then calls once more with the same event.
        """
        if not isinstance(event, dict) or event.keys() & _OTHER_SOURCES:
            raise InvalidRequest("The event comes from elsewhere than CloudFormation; by hand, send {}.")
        with correlated(event_id(event)):
            if event.keys() & {"RequestType", "ResponseURL"}:
                return await self._answer(_parse(event), until)
            return await self._work_until(until, {})

    async def _answer(self, request: "_Request", until: float) -> Report:
        answer: dict[str, Any] = {
            # Never another one, which CloudFormation would take for a new resource, and delete the old.
            "PhysicalResourceId": request.physical_id or self._physical_id,
            "StackId": request.stack_id,
            "RequestId": request.request_id,
            "LogicalResourceId": request.logical_id,
        }
        failure = None
        try:
            answer |= {"Status": "SUCCESS", "Data": await self._fulfil(request, until)}
        except Exception as error:  # noqa: BLE001 - whatever happens, CloudFormation must hear of it
            failure = error
            answer |= {"Status": "FAILED", "Reason": _reason(error)}
        await asyncio.to_thread(_put, request.answer_url, answer)
        if failure is not None:
            logger().error(Event.CUSTOM_RESOURCE_FAILED, extra=describe_error(failure))
        return answer

    async def _fulfil(self, request: "_Request", until: float) -> dict[str, str]:
        match request.type, request.properties:
            case "Delete", _:
                return {}
            case "Create" | "Update", dict() as properties:
                attributes = self._attributes(await self._work_until(until, properties))
                return {name: _cut(text) for name, text in attributes.items()}
            case "Create" | "Update", _:
                raise InvalidRequest("ResourceProperties must be an object.")
            case _:
                raise InvalidRequest("RequestType must be Create, Update or Delete.")

    async def _work_until(self, until: float, properties: Properties) -> Report:
        """Raises Unavailable when the time is up first, whatever the work that is stopped then does."""
        task = asyncio.ensure_future(self._work(load_settings(self.settings), properties))
        done, _ = await asyncio.wait({task}, timeout=max(until - time.monotonic(), 0))
        if done:
            return task.result()
        task.cancel()
        stopped, _ = await asyncio.wait({task}, timeout=_STOP_SECONDS)
        # Looked at, so that asyncio does not log an error's text.
        await asyncio.gather(*stopped, return_exceptions=True)
        ending = "was stopped" if stopped else "does not stop"
        raise Unavailable(f"The work did not end within the function's time and {ending}.")


class _Request(BaseModel):
    """What CloudFormation sends: first what an answer needs, and the rest unchecked."""

    model_config = ConfigDict(hide_input_in_errors=True)

    answer_url: str = Field(alias="ResponseURL", pattern="^https?://[^/]")
    stack_id: str = Field(alias="StackId")
    request_id: str = Field(alias="RequestId")
    logical_id: str = Field(alias="LogicalResourceId")
    physical_id: str | None = Field(alias="PhysicalResourceId", default=None)
    type: object = Field(alias="RequestType", default=None)
    properties: object = Field(alias="ResourceProperties", default_factory=dict)


def _parse(event: Report) -> _Request:
    try:
        return _Request.model_validate(event)
    except ValidationError as error:
        fields = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False)}))
        raise InvalidRequest(
            f"CloudFormation cannot be answered, as the event's {fields} are missing or malformed; by hand,"
            " send {}."
        ) from None


def text_property(properties: Properties, name: str) -> str | None:
    """A property that is text, or None where the template does not give it. Raises InvalidRequest."""
    value = properties.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(f"ResourceProperties.{name} must be text.")


def _reason(error: Exception) -> str:
    """Only our own errors' messages are known to hold no secret."""
    if isinstance(error, ConcordError | ConfigurationError):
        return _cut(error.message)
    return f"{type(error).__name__}: see the function's log."


def _cut(text: str) -> str:
    encoded = text.encode(errors="replace")
    if len(encoded) <= _TEXT_BYTES:
        return text
    return f"{encoded[:_TEXT_BYTES].decode(errors='ignore')} …"


def _put(url: str, answer: Report) -> None:
    """Give the answer. Raises Unavailable without the address in it, which is as good as a key."""
    body = json.dumps(answer, ensure_ascii=False).encode(errors="replace")
    problem = _try_to_put(url, body)
    for pause in _PUT_PAUSES_SECONDS:
        if problem is None:
            return
        time.sleep(pause)
        problem = _try_to_put(url, body)
    if problem is not None:
        raise Unavailable(f"CloudFormation does not take the answer: {problem}.")


def _try_to_put(url: str, body: bytes) -> str | None:
    """What went wrong, or None. No header says what the body is: the signature is for a request without."""
    try:
        status = call("PUT", url, {}, body, timeout_seconds=_PUT_TIMEOUT_SECONDS).status
    except CallFailed as error:
        return str(error)
    return None if status == HTTPStatus.OK else f"HTTP {status}"
