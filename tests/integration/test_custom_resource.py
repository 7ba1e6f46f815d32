"""A custom resource always answers, at a real address, whatever becomes of the work."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.config import ConfigurationError, DatabaseSettings
from shared.errors import InvalidRequest, MigrationError, Unavailable
from shared.events import custom_resource
from shared.events.custom_resource import CustomResourceFunction, Properties, text_property
from tests.builders.answer_address import (
    SIGNED,
    STACK,
    AnswerAddress,
    answer_address,
    custom_resource_event,
    write_certificate,
)
from tests.builders.events import LambdaContext, http_event, schedule_event, sqs_event

SECRET = "hunter2"


class Work:
    """What a custom resource is for; `calls` has the properties of each call."""

    def __init__(self, error: Exception | None = None, *, seconds: float = 0, stoppable: bool = True) -> None:
        self.calls: list[Properties] = []
        self.was_cancelled = False
        self._error = error
        self._seconds = seconds
        self._stoppable = stoppable

    async def __call__(self, _settings: DatabaseSettings, properties: Properties) -> dict[str, Any]:
        self.calls.append(properties)
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.was_cancelled = True
            if self._stoppable:
                raise
            await asyncio.sleep(self._seconds)
        if self._error is not None:
            raise self._error
        return {"done": ["a", "b"], "size": text_property(properties, "Size")}


def function_of(work: Work) -> CustomResourceFunction[DatabaseSettings]:
    return CustomResourceFunction(
        work,
        DatabaseSettings,
        physical_id="the-resource",
        attributes=lambda report: {"done": ", ".join(report["done"]), "size": report["size"] or "none"},
    )


def call(work: Work, event: Any, *, seconds: float = 60.0) -> Any:
    return function_of(work)(event, LambdaContext("migrate", seconds))


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/nothing")
    monkeypatch.setattr(custom_resource, "_PUT_PAUSES_SECONDS", (0.01, 0.01))


@pytest.fixture
def address() -> Iterator[AnswerAddress]:
    with answer_address() as opened:
        yield opened


def test_success_is_answered_with_attributes(address: AnswerAddress) -> None:
    event = custom_resource_event("Create", address.url, Size="large")
    returned = call(Work(), event)
    assert address.answer == returned == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "the-resource",
        "StackId": STACK,
        "RequestId": event["RequestId"],
        "LogicalResourceId": "DatabaseSchema",
        "Data": {"done": "a, b", "size": "large"},
    }  # fmt: skip
    path, headers, _ = address.requests[0]
    assert path == SIGNED
    assert headers.keys() == {"host", "accept-encoding", "content-length"}


def test_an_update_keeps_the_id_that_the_resource_has(address: AnswerAddress) -> None:
    call(Work(), custom_resource_event("Update", address.url))
    assert (address.answer["Status"], address.answer["PhysicalResourceId"]) == ("SUCCESS", "as-created")


def test_a_delete_succeeds_without_doing_anything(
    address: AnswerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    work = Work(RuntimeError("not to be called"))
    call(work, custom_resource_event("Delete", address.url))
    assert (address.answer["Status"], address.answer["PhysicalResourceId"]) == ("SUCCESS", "as-created")
    assert work.calls == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MigrationError("The migration 1 failed."), "The migration 1 failed."),
        (ConfigurationError("A_SETTING: set it."), "A_SETTING: set it."),
        (RuntimeError(SECRET), "RuntimeError: see the function's log."),
        (TimeoutError(SECRET), "TimeoutError: see the function's log."),
    ],
)
def test_a_failure_is_answered_with_its_reason(
    address: AnswerAddress, error: Exception, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call(Work(error), custom_resource_event("Update", address.url))
    assert (address.answer["Status"], address.answer["Reason"]) == ("FAILED", reason)
    assert address.answer["PhysicalResourceId"] == "as-created"
    logged = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (logged["message"], logged["error"]) == ("custom_resource_failed", type(error).__name__)
    assert SECRET not in json.dumps(logged)
    assert "Signature" not in json.dumps(logged)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RequestType": "Destroy"}, "RequestType must be Create, Update or Delete."),
        ({"RequestType": None}, "RequestType must be Create, Update or Delete."),
        ({"ResourceProperties": ["Size"]}, "ResourceProperties must be an object."),
        ({"ResourceProperties": {"Size": 5}}, "ResourceProperties.Size must be text."),
    ],
)
def test_what_is_malformed_but_has_an_address_is_answered(
    address: AnswerAddress, changes: dict[str, object], reason: str
) -> None:
    call(Work(), {**custom_resource_event("Create", address.url), **changes})
    assert (address.answer["Status"], address.answer["Reason"]) == ("FAILED", reason)


def test_properties_may_be_left_out(address: AnswerAddress) -> None:
    event = custom_resource_event("Create", address.url)
    del event["ResourceProperties"]
    call(Work(), event)
    assert address.answer["Status"] == "SUCCESS"


def test_a_missing_setting_is_answered(address: AnswerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "migrate")
    call(Work(), custom_resource_event("Create", address.url))
    assert address.answer["Status"] == "FAILED"
    assert "DATABASE_URL" in address.answer["Reason"]


def test_work_is_stopped_in_time_to_answer(address: AnswerAddress) -> None:
    work = Work(seconds=60)
    started = time.monotonic()
    call(work, custom_resource_event("Create", address.url), seconds=0.4)
    assert time.monotonic() - started < 5
    assert work.was_cancelled
    assert address.answer["Reason"] == "The work did not end within the function's time and was stopped."


def test_work_that_does_not_stop_is_answered_for(
    address: AnswerAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_resource, "_STOP_SECONDS", 0.2)
    work = Work(seconds=2, stoppable=False)
    call(work, custom_resource_event("Create", address.url), seconds=0.4)
    assert work.was_cancelled
    assert address.answer["Reason"] == "The work did not end within the function's time and does not stop."


def test_without_any_time_nothing_is_begun_for_long(address: AnswerAddress) -> None:
    call(Work(seconds=60), custom_resource_event("Create", address.url), seconds=-5)
    assert address.answer["Status"] == "FAILED"


@pytest.mark.parametrize("text", ["x" * 100_000, "ü€" * 5_000, '"' * 5_000, "\ud800" * 10])
def test_an_answer_is_never_too_long(address: AnswerAddress, text: str) -> None:
    call(Work(MigrationError(text)), custom_resource_event("Create", address.url))
    assert len(address.requests[0][2]) <= 4096
    assert address.answer["Status"] == "FAILED"
    assert len(address.answer["Reason"]) > 9


def test_attributes_are_cut_as_well(address: AnswerAddress) -> None:
    call(Work(), custom_resource_event("Create", address.url, Size="x" * 100_000))
    assert address.answer["Data"]["size"] == "x" * 1500 + " …"


def test_an_address_that_fails_is_tried_again() -> None:
    with answer_address(statuses=[503, 500]) as address:
        call(Work(), custom_resource_event("Create", address.url))
        assert [json.loads(body)["Status"] for _, _, body in address.requests] == ["SUCCESS"] * 3


def test_an_answer_that_nobody_takes_is_an_error() -> None:
    with answer_address(statuses=[403] * 3) as address:
        with pytest.raises(Unavailable, match=r"^CloudFormation does not take the answer: HTTP 403\.$"):
            call(Work(), custom_resource_event("Create", address.url))
        assert len(address.requests) == 3
        address.statuses.extend([503, 503])
        call(Work(), custom_resource_event("Create", address.url))


def test_nobody_at_the_address_is_an_error() -> None:
    event = custom_resource_event("Create", f"http://127.0.0.1:1{SIGNED}")
    with pytest.raises(Unavailable, match="the answer: ConnectionRefusedError") as raised:
        call(Work(), event)
    assert "Signature" not in str(raised.value)


def test_the_address_is_only_spoken_to_when_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path)
    with answer_address(certificate=certificate) as address:
        event = custom_resource_event("Create", address.url)
        with pytest.raises(Unavailable, match="SSLCertVerificationError"):
            call(Work(), event)
        assert address.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        call(Work(), event)
        assert address.answer["Status"] == "SUCCESS"


def test_the_answer_fits_a_presigned_address_of_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation's addresses are of that kind, signed for a body without a type."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    s3 = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    s3.create_bucket(Bucket="answers")
    url = s3.generate_presigned_url("put_object", {"Bucket": "answers", "Key": "stack/answer"}, ExpiresIn=60)
    event = custom_resource_event("Create", url)
    call(Work(), event)
    stored = json.loads(s3.get_object(Bucket="answers", Key="stack/answer")["Body"].read())
    assert (stored["Status"], stored["RequestId"]) == ("SUCCESS", event["RequestId"])
    server.stop()


def test_by_hand_it_returns_what_the_work_does() -> None:
    for event in ({}, {"anything": 1}):
        assert call(Work(), event) == {"done": ["a", "b"], "size": None}


def test_libraries_are_quiet_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    call(Work(), {})
    assert logging.getLogger().level == logging.WARNING


def test_by_hand_it_raises() -> None:
    with pytest.raises(MigrationError, match="no"):
        call(Work(MigrationError("no")), {})
    with pytest.raises(Unavailable, match="was stopped"):
        call(Work(seconds=60), {}, seconds=0.2)


@pytest.mark.parametrize(
    "event", [None, [], "{}", sqs_event("{}"), http_event("GET", "/health"), schedule_event()]
)
def test_an_event_from_elsewhere_is_refused(event: object) -> None:
    work = Work()
    with pytest.raises(InvalidRequest, match="comes from elsewhere than CloudFormation"):
        call(work, event)
    assert work.calls == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"ResponseURL": "ftp://example.com/x"}, "ResponseURL"),
        ({"ResponseURL": None}, "ResponseURL"),
        ({"ResponseURL": "https://"}, "ResponseURL"),
        ({"StackId": 5, "RequestId": None}, "RequestId, StackId"),
        ({"PhysicalResourceId": []}, "PhysicalResourceId"),
    ],
)
def test_what_cannot_be_answered_is_an_error_that_names_the_fields(
    address: AnswerAddress, changes: dict[str, object], fields: str
) -> None:
    event = {**custom_resource_event("Update", address.url), **changes}
    with pytest.raises(InvalidRequest, match=f"the event's {fields} are missing or malformed") as raised:
        call(Work(), event)
    assert raised.value.__cause__ is None
    assert address.requests == []
