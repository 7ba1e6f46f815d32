"""Who signs: what the environment says, what Lambda's credentials server says, what boto3 finds."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from shared.aws.credentials import Credentials, find_credentials
from shared.config import ConfigurationError

TOKEN = "a token of Lambda"


@pytest.fixture(autouse=True)
def nobody_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@contextmanager
def credentials_server(answer: bytes) -> Iterator[str]:
    """As the one beside a function that starts from a snapshot: it answers who has the token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_welcome = self.headers["Authorization"] == TOKEN and self.path == "/2021-04-23/credentials"
            self.send_response(200 if is_welcome else 403)
            self.end_headers()
            self.wfile.write(answer if is_welcome else b"{}")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/2021-04-23/credentials"
        server.shutdown()
        thread.join()


def test_the_environment_is_read_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert find_credentials() == Credentials("id", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert find_credentials() == Credentials("id", "secret", "token")


def test_a_function_restored_from_a_snapshot_asks_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "token", "Expiration": "later"}
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
    with credentials_server(json.dumps(answer).encode()) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        assert find_credentials() == Credentials("id", "secret", "token")


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"AccessKeyId": "id"}'])
def test_an_answer_without_credentials(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
    with credentials_server(answer) as url:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        with pytest.raises(ConfigurationError, match="AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            find_credentials()


def test_a_credentials_server_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://localhost:{unused_tcp_port}/")
    with pytest.raises(ConfigurationError, match="AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        find_credentials()


def test_a_profile_on_a_laptop_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = "[work]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = token\n"
    (tmp_path / "credentials").write_text(profile)
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert find_credentials() == Credentials("id", "secret", "token")


def test_containers_elsewhere_are_left_to_boto3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a server that is not beside the function the token is none of ours to send."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = id\naws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://credentials.example/")
    assert find_credentials() == Credentials("id", "secret")


def test_no_credentials_at_all() -> None:
    with pytest.raises(
        ConfigurationError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    ):
        find_credentials()


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ConfigurationError, match=r"no AWS credentials \(ProfileNotFound\)"):
        find_credentials()
