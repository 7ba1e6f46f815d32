"""What `concord keys` asks a deployed Concord for, and what it shows."""

import base64
import hashlib
import json
import time

import pytest
from typer.testing import CliRunner, Result

from shared.cli.application import app
from tests.builders.deployment import Deployment
from tests.builders.tokens import token

KEY = {
    "id": "6b1f0c9d2e4a8357",
    "actions": ["documents:search"],
    "collections": ["*"],
    "readers": None,
    "description": "box [new]",
    "expires_at": None,
    "revoked_at": None,
}
OTHER = {**KEY, "id": "7", "readers": ["user:ada"], "description": "", "expires_at": "2036-01-01T00:00:00Z"}
MADE = {**KEY, "key": "ck_6b1f0c9d2e4a8357_secret"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["keys", *arguments])


def test_a_key_is_printed_alone(deployment: Deployment) -> None:
    deployment.answer(201, MADE)
    done = run("create", "--action", "documents:search", "--url", deployment.url)
    assert (done.exit_code, done.stdout) == (0, "ck_6b1f0c9d2e4a8357_secret\n")
    assert "not shown again" in done.stderr
    method, path, *_ = deployment.asked[-1]
    assert (method, path) == ("POST", "/v1/keys")


@pytest.mark.parametrize(
    "options",
    [
        ["--action", "*", "--collection", "a", "--reader", "user:ada", "--expires", "2036-01-01"],
        ["--replaces", "6b1f0c9d2e4a8357", "--overlap-seconds", "60"],
        ["--replaces", "6b1f0c9d2e4a8357", "--collection", "a"],
    ],
)
def test_a_key_is_printed_as_data(deployment: Deployment, options: list[str]) -> None:
    deployment.answer(201, MADE)
    done = run("create", *options, "--json", "--url", deployment.url)
    assert json.loads(done.stdout) == MADE


def test_a_token_is_signed_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    key = f"ck_6b1f0c9d2e4a8357_{'s' * 43}"
    monkeypatch.setenv("CONCORD_API_KEY", key)
    narrow = ["--filter", "a = 1", "--collection", "guides", "--field", "a", "--reader", "user:ada"]
    done = run("token", *narrow, "--limit", "5", "--subject", "ada", "--expires", "15m")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1)
    text = done.stdout.strip()
    said = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    assert 890 < said.pop("exp") - time.time() <= 900
    assert said == {
        "sub": "ada",
        "collections": ["guides"],
        "filter": "a = 1",
        "fields": ["a"],
        "readers": ["user:ada"],
        "limits": {"max_limit": 5},
    }
    payload = base64.urlsafe_b64decode(text.split(".")[1] + "==").decode()
    assert text == token(key, header={"alg": "HS256", "kid": key[:19], "typ": "JWT"}, payload=payload)
    assert json.loads(base64.urlsafe_b64decode(run("token").stdout.split(".")[1] + "==")).keys() == {"exp"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--expires", "soon"], "as in 15m"),
        (["--expires", ""], "as in 15m"),
        (["--expires", "31d"], "30d at most"),
        (["--expires", "0h"], "30d at most"),
        (["--filter", "a ="], "should follow"),
        (["--reader", "a b"], "readers"),
        ([], "CONCORD_API_KEY"),
    ],
)
def test_a_token_that_no_server_would_take_is_not_made(
    monkeypatch: pytest.MonkeyPatch, options: list[str], told: str
) -> None:
    monkeypatch.delenv("CONCORD_API_KEY", raising=False)
    done = run("token", *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_key_without_an_action_is_a_mistake_of_usage() -> None:
    assert run("create").exit_code == 2


def test_all_pages_are_listed(deployment: Deployment) -> None:
    for _ in range(2):
        deployment.answer(200, {"keys": [KEY], "cursor": "abc"})
        deployment.answer(200, {"keys": [OTHER], "cursor": None})
    listed = run("list", "--url", deployment.url)
    assert listed.stdout.splitlines() == [
        "6b1f0c9d2e4a8357  documents:search  *  box [new]",
        "7  documents:search  *  readers user:ada  ends 2036-01-01T00:00:00Z",
    ]
    assert json.loads(run("list", "--json", "--url", deployment.url).stdout) == {"keys": [KEY, OTHER]}


def test_a_key_is_revoked(deployment: Deployment) -> None:
    deployment.answer(204, None)
    done = run("revoke", "6b1f0c9d2e4a8357", "--url", deployment.url)
    assert (done.exit_code, done.stdout) == (0, "")
    assert deployment.asked[-1][:2] == ("DELETE", "/v1/keys/6b1f0c9d2e4a8357")


def test_an_administrators_key_is_made_without_asking_anybody() -> None:
    made = json.loads(run("create", "--admin", "--json").stdout)
    assert hashlib.sha256(made["key"].encode()).hexdigest() == made["admin_key_hash"]
    shown = run("create", "--admin").stdout.splitlines()
    assert shown[1] == f"ADMIN_KEY_HASH={hashlib.sha256(shown[0].encode()).hexdigest()}"
