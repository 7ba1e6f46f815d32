"""Secrets Manager: reads a secret by its ARN and remembers it."""

import json
import os
import re
import threading
import time

from shared.aws.credentials import find_credentials
from shared.aws.http_calls import CallFailed, HttpAnswer, call
from shared.aws.invocation import seconds_left
from shared.aws.signing import Scope, current_time, signed_headers
from shared.config import ConfigurationError
from shared.errors import SecretUnavailable

_ARN = re.compile(r"arn:(?P<partition>aws[\w-]*):secretsmanager:(?P<region>[\w-]+):\d+:secret:\S+")
_COMMON_SUFFIX = "amazonaws.com"
_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
_OK = 200
_SERVER_ERROR = 500
_PASSING_CODES = re.compile("Throttling|TooManyRequests|InternalService|ServiceUnavailable|RequestTimeout")
_ATTEMPTS = 2
_PAUSE_SECONDS = 0.1
_TIMEOUT_SECONDS = 3.0
_SHORTEST_TIMEOUT_SECONDS = 0.1
# Left of the event's time, to answer that the secret cannot be read.
_RESERVE_SECONDS = 1.0

_known: dict[str, str] = {}
# Of each secret, so that several are read at once and each of them once.
_reading: dict[str, threading.Lock] = {}


def read_secret(arn: str, *, setting: str, other_than: str | None = None) -> str:
    """The secret's text: from AWS the first time, then as it was; blocks for some seconds at most.

    A caller whose secret was refused somewhere says which, `other_than`, and has it read anew. `setting`
    names the variable that has the ARN, for errors. Raises SecretUnavailable when AWS does not answer,
    ConfigurationError when it refuses, and when the secret is no text.
    """
    with _reading.setdefault(arn, threading.Lock()):
        if _known.get(arn, other_than) == other_than:
            text = _text_in(_fetch(arn, setting), setting)
            _known[arn] = text
        return _known[arn]


def forget_secrets() -> None:
    """Read each of them anew when it is next asked for."""
    _known.clear()


def endpoint(partition: str, region: str) -> str:
    """Where Secrets Manager is called: what the SDKs' variables say, else the region's own address."""
    configured = os.environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or os.environ.get("AWS_ENDPOINT_URL")
    if configured:
        return configured.rstrip("/") + "/"
    return f"https://secretsmanager.{region}.{_SUFFIXES.get(partition, _COMMON_SUFFIX)}/"


def _fetch(arn: str, setting: str) -> HttpAnswer:
    parts = _ARN.fullmatch(arn)
    if parts is None:
        raise ConfigurationError(f"{setting}: this is not the ARN of a secret in Secrets Manager.")
    url = endpoint(parts["partition"], parts["region"])
    for attempt in range(_ATTEMPTS):
        time.sleep(_PAUSE_SECONDS * attempt)
        try:
            answer = _ask(url, Scope("secretsmanager", parts["region"]), arn)
        except CallFailed:
            continue
        if answer.status < _SERVER_ERROR and not _PASSING_CODES.search(_error_code(answer)):
            return answer
    raise SecretUnavailable


def _ask(url: str, scope: Scope, arn: str) -> HttpAnswer:
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager.GetSecretValue",
    }
    body = json.dumps({"SecretId": arn}).encode()
    signed = signed_headers(
        "POST", url, headers, body, scope=scope, credentials=find_credentials(), at=current_time()
    )
    timeout = max(min(_TIMEOUT_SECONDS, seconds_left(reserve=_RESERVE_SECONDS)), _SHORTEST_TIMEOUT_SECONDS)
    return call("POST", url, signed, body, timeout_seconds=timeout)


def _text_in(answer: HttpAnswer, setting: str) -> str:
    if answer.status != _OK:
        raise ConfigurationError(
            f"{setting}: Secrets Manager refuses to hand out this secret ({_error_code(answer)})."
        )
    text = _fields(answer).get("SecretString")
    if not isinstance(text, str):
        raise ConfigurationError(f"{setting}: this secret holds no text.")
    return text


def _error_code(answer: HttpAnswer) -> str:
    """The error's name, as AWS gives it; its message stays out, as it may repeat what was asked."""
    code = str(_fields(answer).get("__type", "")).rpartition("#")[2]
    return code if code.isidentifier() else f"status {answer.status}"


def _fields(answer: HttpAnswer) -> dict[str, object]:
    try:
        fields = json.loads(answer.body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
