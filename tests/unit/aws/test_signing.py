"""Signatures as AWS publishes them and as botocore makes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.session import Session

from shared.aws import rds_tokens, signing
from shared.aws.credentials import Credentials
from shared.aws.rds_tokens import sign_rds_token
from shared.aws.signing import UNSIGNED, Scope, presigned_url, signed_headers, signing_key
from shared.config import ConfigurationError

# Of AWS's examples and of its Signature Version 4 test suite.
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
EXAMPLE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
LENT = Credentials("ASIAEXAMPLE", "secret/with+signs", "token/with+signs==")
TIMES = [EXAMPLE_TIME, datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)]
HOST = "db.cluster-abc.eu-central-1.rds.amazonaws.com"

each_credentials = pytest.mark.parametrize("credentials", [EXAMPLE, LENT], ids=["own", "lent"])
each_time = pytest.mark.parametrize("at", TIMES, ids=str)


@contextmanager
def botocore_at(at: datetime) -> Iterator[None]:
    """What botocore takes for the current time."""
    with (
        mock.patch(
            "botocore.auth.get_current_datetime", lambda remove_tzinfo=True: _plain(at, remove_tzinfo)
        ),
        mock.patch(
            "botocore.signers.get_current_datetime", lambda remove_tzinfo=True: _plain(at, remove_tzinfo)
        ),
    ):
        yield


def _plain(at: datetime, remove_tzinfo: bool) -> datetime:
    return at.replace(tzinfo=None) if remove_tzinfo else at


def of_botocore(credentials: Credentials) -> BotocoreCredentials:
    return BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.session_token)


def test_the_signing_key_is_that_of_the_published_example() -> None:
    key = signing_key(EXAMPLE.secret_key, "20150830", Scope("iam", "us-east-1"))
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_a_post_is_signed_like_post_vanilla_of_the_published_suite() -> None:
    headers = signed_headers(
        "POST",
        "https://example.amazonaws.com/",
        {},
        b"",
        scope=Scope("service", "us-east-1"),
        credentials=EXAMPLE,
        at=EXAMPLE_TIME,
    )
    assert headers == {
        "host": "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
        "authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        ),
    }


@each_credentials
@each_time
@pytest.mark.parametrize(
    "url", ["https://secretsmanager.eu-central-1.amazonaws.com/", "http://127.0.0.1:5000/", "https://x.y/a/b"]
)
def test_a_post_is_signed_as_botocore_signs_it(credentials: Credentials, at: datetime, url: str) -> None:
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.GetSecretValue"}
    body = '{"SecretId": "arn:ä"}'.encode()
    request = AWSRequest("POST", url, headers=headers, data=body)
    with botocore_at(at):
        SigV4Auth(of_botocore(credentials), "secretsmanager", "eu-central-1").add_auth(request)

    signed = signed_headers(
        "POST",
        url,
        headers,
        body,
        scope=Scope("secretsmanager", "eu-central-1"),
        credentials=credentials,
        at=at,
    )

    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert {name: value for name, value in signed.items() if name != "host"} == theirs


def botocore_token(credentials: Credentials, at: datetime, user: str) -> str:
    session = Session()
    session.set_credentials(credentials.access_key, credentials.secret_key, credentials.session_token)
    client: Any = session.create_client("rds", region_name="eu-central-1")
    with botocore_at(at):
        token: str = client.generate_db_auth_token(HOST, 5432, user)
    return token


@each_credentials
@each_time
@pytest.mark.parametrize("user", ["concord_search", "ann/b+c d@é"])
def test_a_token_of_rds_is_that_of_botocore(
    monkeypatch: pytest.MonkeyPatch, credentials: Credentials, at: datetime, user: str
) -> None:
    monkeypatch.setattr(rds_tokens, "find_credentials", lambda: credentials)
    monkeypatch.setattr(rds_tokens, "current_time", lambda: at)
    assert sign_rds_token(HOST, 5432, user) == botocore_token(credentials, at, user)


@each_credentials
@each_time
@pytest.mark.parametrize(
    ("method", "parameters", "headers"),
    [
        ("GET", {"response-content-disposition": "attachment; filename*=UTF-8''%C3%A4 b.csv"}, {}),
        ("PUT", {}, {"Content-Type": "text/csv", "Content-Length": "5"}),
        ("DELETE", {}, {}),
    ],
)
def test_a_presigned_url_of_s3_is_that_of_botocore(
    credentials: Credentials,
    at: datetime,
    method: str,
    parameters: dict[str, str],
    headers: dict[str, str],
) -> None:
    url = "https://bucket.s3.eu-central-1.amazonaws.com/imports/%C3%9C%231%20b.csv"
    request = AWSRequest(
        method, f"{url}?{urlencode(parameters, quote_via=quote)}".rstrip("?"), headers=headers
    )
    with botocore_at(at):
        S3SigV4QueryAuth(of_botocore(credentials), "s3", "eu-central-1", expires=60).add_auth(request)
    ours = presigned_url(
        url,
        parameters,
        method=method,
        headers=headers,
        payload=UNSIGNED,
        lives_seconds=60,
        scope=Scope("s3", "eu-central-1"),
        credentials=credentials,
        at=at,
    )
    assert sorted(parse_qsl(urlsplit(ours).query)) == sorted(parse_qsl(urlsplit(str(request.url)).query))


def test_a_presigned_url_tells_how_long_it_lives() -> None:
    url = presigned_url(
        "https://x.y/", {}, lives_seconds=60, scope=Scope("s", "r"), credentials=EXAMPLE, at=EXAMPLE_TIME
    )
    assert "&X-Amz-Expires=60&" in url


@pytest.mark.parametrize(
    ("host", "environment", "region"),
    [
        (HOST, {"AWS_REGION": "us-east-1"}, "eu-central-1"),
        ("p.proxy-abc.us-gov-west-1.rds.amazonaws.com", {}, "us-gov-west-1"),
        ("db.example.com", {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-west-2"}, "us-east-1"),
        ("db.example.com", {"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
        ("db.rds.cn-north-1.amazonaws.com.cn", {"AWS_REGION": "cn-north-1"}, "cn-north-1"),
    ],
)
def test_a_token_is_for_the_region_of_the_database(
    monkeypatch: pytest.MonkeyPatch, host: str, environment: dict[str, str], region: str
) -> None:
    forget_region(monkeypatch)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rds_tokens, "find_credentials", lambda: EXAMPLE)
    assert f"%2F{region}%2Frds-db%2Faws4_request" in sign_rds_token(host, 5432, "ann")


def test_a_region_that_nobody_tells_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_region(monkeypatch)
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        sign_rds_token("db.example.com", 5432, "ann")


def forget_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def test_time_is_that_of_the_world() -> None:
    assert abs((signing.current_time() - datetime.now(UTC)).total_seconds()) < 5


def test_secrets_do_not_show() -> None:
    assert repr(LENT) == "Credentials(access_key='ASIAEXAMPLE')"
