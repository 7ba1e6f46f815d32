"""Who signs calls to AWS."""

import json
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shared.aws.http_calls import CallFailed, call
from shared.config import ConfigurationError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_TIMEOUT_SECONDS = 2.0
_HINT = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def find_credentials() -> Credentials:
    """Looked up anew for each signature, as they change while the process lives.

    In order: the environment, as Lambda sets it; the credentials server that Lambda names instead where
    functions start from snapshots; what boto3 finds, such as a profile on a laptop. Raises
    ConfigurationError when there are none.
    """
    access_key, secret_key = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        return Credentials(access_key, secret_key, os.environ.get("AWS_SESSION_TOKEN") or None)
    return _from_lambda() or _from_boto3()


def _from_lambda() -> Credentials | None:
    url = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    # Other containers are served from elsewhere and in other ways, which boto3 knows.
    if not token or urlsplit(url).hostname not in _LOOPBACK:
        return None
    try:
        answer = call("GET", url, {"authorization": token}, b"", timeout_seconds=_TIMEOUT_SECONDS)
        found = json.loads(answer.body)
        return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found.get("Token"))
    except (CallFailed, KeyError, TypeError, ValueError):
        raise ConfigurationError(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI: nobody there hands out credentials."
        ) from None


def _from_boto3() -> Credentials:
    # Lambda has said who signs; elsewhere what an SDK takes to import does not matter.
    import boto3  # noqa: PLC0415 - see above
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see above

    try:
        found = boto3.session.Session().get_credentials()
        frozen = found and found.get_frozen_credentials()
    except BotoCoreError as error:
        raise ConfigurationError(f"There are no AWS credentials ({type(error).__name__}). {_HINT}") from None
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise ConfigurationError(f"There are no AWS credentials. {_HINT}")
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
