"""Reading secrets, over HTTP: from moto as they are, from a scripted endpoint as they may go wrong."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore
import pytest

from shared.aws import secrets
from shared.aws.invocation import invocation
from shared.aws.secrets import endpoint, forget_secrets, read_secret
from shared.config import ConfigurationError
from shared.errors import SecretUnavailable
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, Scripted

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-AbCdEf"
SETTING = "OPENAI_SECRET_ARN"


@pytest.fixture
def manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingEndpoint]:
    """An endpoint whose first answers a test scripts; its usual one is a secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    forget_secrets()
    with EmbeddingEndpoint(lambda request: {"SecretString": f"of {request['SecretId']}"}) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url)
        yield server
    forget_secrets()


def test_a_secret_is_read_once_and_remembered(manager: SecretsManager) -> None:
    arn = manager.add("first")
    assert read_secret(arn, setting=SETTING) == "first"
    manager.change(arn, "second")
    assert read_secret(arn, setting=SETTING) == "first"


def test_a_rotated_secret_is_read_anew_by_who_was_refused_with_it(manager: SecretsManager) -> None:
    arn = manager.add("first")
    read_secret(arn, setting=SETTING)
    manager.change(arn, "second")
    assert read_secret(arn, setting=SETTING, other_than="first") == "second"
    # Somebody else was refused at the same time, and need not ask again.
    manager.change(arn, "third")
    assert read_secret(arn, setting=SETTING, other_than="first") == "second"
    forget_secrets()
    assert read_secret(arn, setting=SETTING) == "third"


def test_what_is_sent_is_signed_for_the_caller_and_refused_to_others(
    manager: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = manager.add("value")
    allowed = manager.add_user("secretsmanager:GetSecretValue")
    stranger = manager.add_user()
    manager.check_callers()

    for (access_key, secret_key), may_read in (
        (stranger, False),
        ((allowed[0], "x"), False),
        (allowed, True),
    ):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
        if may_read:
            assert read_secret(arn, setting=SETTING) == "value"
        else:
            with pytest.raises(ConfigurationError, match=f"{SETTING}: Secrets Manager refuses .*403"):
                read_secret(arn, setting=SETTING)


def test_a_secret_that_is_gone(manager: SecretsManager) -> None:
    arn = manager.add("value")
    manager.remove(arn)
    with pytest.raises(ConfigurationError, match=f"{SETTING}: .*ResourceNotFoundException") as refused:
        read_secret(arn, setting=SETTING)
    assert arn not in str(refused.value)


def test_a_secret_of_bytes(manager: SecretsManager) -> None:
    arn = manager.client.create_secret(Name="bytes", SecretBinary=b"very secret")["ARN"]
    with pytest.raises(ConfigurationError, match=f"{SETTING}: this secret holds no text"):
        read_secret(arn, setting=SETTING)


@pytest.mark.parametrize("arn", ["", "name", "arn:aws:s3:::bucket", ARN.replace("eu-central-1", "")])
def test_what_is_no_arn_of_a_secret_is_asked_of_nobody(scripted: EmbeddingEndpoint, arn: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{SETTING}: this is not the ARN"):
        read_secret(arn, setting=SETTING)
    assert scripted.received == []


THROTTLED = Scripted(b'{"__type": "ThrottlingException", "message": "slow down"}', status=400)
FAILED = Scripted(b"<html>", status=500)
HUNG_UP = Scripted(b"{", headers={"Content-Length": "1000"})


@pytest.mark.parametrize("failure", [THROTTLED, FAILED, HUNG_UP], ids=["throttled", "failed", "hung up"])
def test_what_may_pass_is_tried_once_more(scripted: EmbeddingEndpoint, failure: Scripted) -> None:
    scripted.first = [failure]
    assert read_secret(ARN, setting=SETTING) == f"of {ARN}"
    assert len(scripted.received) == 2


@pytest.mark.parametrize("failure", [THROTTLED, FAILED, HUNG_UP], ids=["throttled", "failed", "hung up"])
def test_an_outage_is_told_as_one_and_not_remembered(scripted: EmbeddingEndpoint, failure: Scripted) -> None:
    scripted.first = [failure, failure]
    with pytest.raises(SecretUnavailable):
        read_secret(ARN, setting=SETTING)
    assert read_secret(ARN, setting=SETTING) == f"of {ARN}"


def test_an_endpoint_that_stays_silent_takes_no_more_than_the_event_has(
    scripted: EmbeddingEndpoint,
) -> None:
    scripted.usual = Scripted(b"{}", delay=1.5)
    started = time.monotonic()
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 1_300)
    with invocation(context), pytest.raises(SecretUnavailable):
        read_secret(ARN, setting=SETTING)
    assert time.monotonic() - started < 1.2


def test_nobody_listening(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(SecretUnavailable):
        read_secret(ARN, setting=SETTING)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"__type": "AccessDeniedException", "Message": "very secret"}', "AccessDeniedException"),
        (b'{"__type": "com.amazonaws.secretsmanager#DecryptionFailure"}', "DecryptionFailure"),
        (b'{"__type": "very secret"}', "status 400"),
        (b'["very secret"]', "status 400"),
        (b"very secret", "status 400"),
    ],
)
def test_a_refusal_names_its_code_and_repeats_nothing(
    scripted: EmbeddingEndpoint, body: bytes, named: str
) -> None:
    scripted.usual = Scripted(body, status=400)
    with pytest.raises(ConfigurationError, match=rf"{SETTING}: .*\({named}\)") as refused:
        read_secret(ARN, setting=SETTING)
    assert "very secret" not in str(refused.value)
    assert len(scripted.received) == 1


def test_many_at_once_ask_once(scripted: EmbeddingEndpoint) -> None:
    scripted.usual = Scripted(lambda _: {"SecretString": "value"}, delay=0.1)
    start = threading.Barrier(5)

    def read(_: int) -> str:
        start.wait()
        return read_secret(ARN, setting=SETTING)

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(read, range(5))) == ["value"] * 5
    assert len(scripted.received) == 1


def test_several_are_read_at_once(scripted: EmbeddingEndpoint) -> None:
    """Each answer waits until all have been asked for."""
    asked = threading.Barrier(3, timeout=10)

    def answered(request: dict[str, Any]) -> dict[str, object]:
        asked.wait()
        return {"SecretString": f"of {request['SecretId']}"}

    scripted.usual = Scripted(answered)
    arns = [ARN + str(number) for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda arn: read_secret(arn, setting=SETTING), arns)) == [
            f"of {arn}" for arn in arns
        ]


def test_the_request_is_that_of_the_api(scripted: EmbeddingEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "current_time", lambda: datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001 - UTC
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    read_secret(ARN, setting=SETTING)
    (request,) = scripted.received
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert request.body == {"SecretId": ARN}
    assert headers["x-amz-target"] == "secretsmanager.GetSecretValue"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["x-amz-date"] == "20260102T030405Z"
    assert headers["x-amz-security-token"] == "token"
    assert "/20260102/eu-central-1/secretsmanager/aws4_request" in headers["authorization"]


def partitions() -> list[Any]:
    path = Path(botocore.__file__).parent / "data" / "partitions.json"
    listed: list[Any] = json.loads(path.read_text())["partitions"]
    return listed


@pytest.mark.parametrize("partition", partitions(), ids=lambda partition: partition["id"])
def test_a_region_is_called_where_botocore_calls_it(partition: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER"):
        monkeypatch.delenv(name, raising=False)
    region = next(name for name in partition["regions"] if not name.endswith("-global"))
    suffix = partition["outputs"]["dnsSuffix"]
    assert endpoint(partition["id"], region) == f"https://secretsmanager.{region}.{suffix}/"


def test_an_endpoint_of_the_service_wins_over_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert endpoint("aws", "eu-central-1") == "http://all/"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://this/")
    assert endpoint("aws", "eu-central-1") == "http://this/"
