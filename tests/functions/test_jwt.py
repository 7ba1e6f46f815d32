"""Tokens of an issuer, from its keys on a web site to an answer of the functions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.signing_keys import FetchedKeySet
from shared.errors import FetchFailed, InvalidRequest
from shared.queues.in_process import InProcessQueue
from shared.services import signing_keys
from tests.builders.events import (
    Event,
    failed_records,
    http_event,
    schedule_event,
    sqs_event,
)
from tests.builders.functions import Functions
from tests.builders.issuer import AUDIENCE, Key, publish
from tests.builders.role_server import execute
from tests.builders.web_site import WebSite

OLD, NEW = Key("old"), Key("new", "RS256")
READ = {"permissions": ["collections:read", "documents:read", "documents:search"]}


class Login:
    """The issuer, whose keys go from its site to the database when they are asked for."""

    def __init__(self, functions: Functions, site: WebSite) -> None:
        self.site = site
        self._functions = functions
        self._queue = InProcessQueue("jwks")

    def fetch(self) -> list[str]:
        """The messages that jwks_fetch has sent."""
        sent = self._functions.process("jwks_fetch", schedule_event(), replace={"queue": self._queue})
        assert sent["keys"] > 0
        return list(self._queue._messages)

    def renew(self, *keys: Key) -> None:
        publish(self.site, *(key.public() for key in keys))
        messages = self.fetch()
        self._queue._messages.clear()
        assert self.store(*messages) == failed_records()

    def store(self, *messages: str) -> Any:
        return self._functions.process("jwks_store", sqs_event(*messages))

    def token(self, key: Key, **claims: object) -> str:
        return key.token(**{"iss": self.site.url, **READ, **claims})


@pytest.fixture
def login(functions: Functions, site: WebSite, monkeypatch: pytest.MonkeyPatch) -> Login:
    monkeypatch.setenv("ADMIN_KEY_HASH", "0" * 64)
    monkeypatch.setenv("JWT_ISSUER", site.url)
    monkeypatch.setenv("JWT_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("FETCH_ALLOW_PRIVATE", "true")
    # What is stored is known at once.
    monkeypatch.setattr(signing_keys, "REMEMBERED_SECONDS", -1.0)
    return Login(functions, site)


def listed(functions: Functions, token: str) -> Event:
    return functions("collections_list", signed("GET", "/v1/collections", token))


def signed(method: str, path: str, token: str, body: object = None) -> Event:
    return http_event(method, path, body, headers={"authorization": f"Bearer {token}"})


def status_and_message(response: Event) -> tuple[int, str]:
    body = response["body"]
    return response["statusCode"], body["error"]["message"] if "error" in body else ""


def test_a_token_of_the_issuer_is_a_key(functions: Functions, login: Login) -> None:
    token = login.token(OLD)
    status, message = status_and_message(listed(functions, token))
    assert (status, "its kid is none of the issuer's keys" in message) == (401, True)
    login.renew(OLD)
    assert status_and_message(listed(functions, token)) == (200, "")


def test_keys_overlap_while_they_are_rotated(functions: Functions, login: Login, database_url: str) -> None:
    login.renew(OLD)
    login.renew(OLD, NEW)
    for key in (OLD, NEW):
        assert listed(functions, login.token(key))["statusCode"] == 200
    login.renew(NEW)
    # The old one has vanished, and is good for an hour yet.
    for key in (OLD, NEW):
        assert listed(functions, login.token(key))["statusCode"] == 200
    execute(database_url, "UPDATE concord.signing_key SET vanished_at = vanished_at - interval '1 hour'")
    assert [listed(functions, login.token(key))["statusCode"] for key in (OLD, NEW)] == [401, 200]
    login.renew(NEW)
    assert execute(database_url, "SELECT kid FROM concord.signing_key") == [("new",)]


def test_a_key_that_comes_back_stays(functions: Functions, login: Login, database_url: str) -> None:
    login.renew(OLD)
    login.renew(NEW)
    login.renew(OLD, NEW)
    execute(database_url, "UPDATE concord.signing_key SET vanished_at = vanished_at - interval '1 day'")
    assert [listed(functions, login.token(key))["statusCode"] for key in (OLD, NEW)] == [200, 200]


def test_stored_keys_go_on_while_the_issuer_is_down(functions: Functions, login: Login) -> None:
    login.renew(OLD)
    login.site.pages.clear()
    with pytest.raises(FetchFailed, match="answered 404"):
        login.fetch()
    assert listed(functions, login.token(OLD))["statusCode"] == 200


def test_messages_may_come_twice_and_in_any_order(login: Login, database_url: str) -> None:
    now = datetime.now(UTC)
    first = FetchedKeySet.of(login.site.url, now - timedelta(hours=2), [OLD.public()]).to_message()
    second = FetchedKeySet.of(
        login.site.url, now - timedelta(hours=1, minutes=1), [NEW.public()]
    ).to_message()
    for message in (second, first, second, first):
        assert login.store(message) == failed_records()
    assert execute(database_url, "SELECT kid, vanished_at IS NULL FROM concord.signing_key") == [
        ("new", True)
    ]


@pytest.mark.parametrize(
    "message",
    [
        "not JSON",
        FetchedKeySet.of("https://evil.example.com", datetime.now(UTC), [NEW.public()]).to_message(),
        "none that is taken",
    ],
)
def test_sets_that_are_refused_change_nothing(
    functions: Functions, login: Login, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    login.renew(OLD)
    if message == "none that is taken":
        message = FetchedKeySet.of(login.site.url, datetime.now(UTC), [{"kty": "oct"}]).to_message()
    assert login.store(message) == failed_records(0)
    assert [listed(functions, login.token(key))["statusCode"] for key in (OLD, NEW)] == [200, 401]
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["message"], line["code"]) == ("record_failed", "invalid_request")


def test_a_reader_searches_and_writes_nothing(functions: Functions, login: Login) -> None:
    login.renew(OLD)
    token = login.token(OLD, permissions=["documents:search", "collections:write"])
    created = functions("collections_create", signed("POST", "/v1/collections", token, {"name": "guides"}))
    assert (created["statusCode"], created["body"]["error"]["code"]) == (403, "permission_denied")
    writer = login.token(OLD, permissions=["readers:all", "collections:write", "documents:write"])
    made = functions("collections_create", signed("POST", "/v1/collections", writer, {"name": "guides"}))
    assert made["statusCode"] == 201


def test_users_find_what_is_theirs_and_their_groups(functions: Functions, login: Login) -> None:
    login.renew(OLD)
    service = login.token(
        OLD, sub="backend", permissions=["readers:all", "collections:write", "documents:write"]
    )
    functions("collections_create", signed("POST", "/v1/collections", service, {"name": "guides"}))
    documents = [
        {"id": "everybodys", "body": "A plan."},
        {"id": "adas", "body": "A plan.", "readers": ["user:ada"]},
        {"id": "engineers", "body": "A plan.", "readers": ["group:eng"]},
        {"id": "bobs", "body": "A plan.", "readers": ["user:bob"]},
    ]
    path = "/v1/collections/guides/documents"
    stored = functions("documents_upsert", signed("POST", path, service, {"documents": documents}))
    assert (stored["statusCode"], stored["body"]["errors"]) == (200, 0)

    def found(**claims: object) -> set[str]:
        query = {"q": "plan", "mode": "keyword"}
        token = login.token(OLD, **claims)
        response = functions(
            "documents_search", signed("POST", "/v1/collections/guides/search", token, query)
        )
        return {hit["document"]["id"] for hit in response["body"]["hits"]}

    assert found() == {"everybodys", "adas"}
    assert found(groups=["eng"]) == {"everybodys", "adas", "engineers"}
    assert found(sub="bob") == {"everybodys", "bobs"}


@pytest.mark.usefixtures("login")
def test_what_is_no_token_is_asked_for_as_a_key(functions: Functions) -> None:
    for key in ("wrong", "eyJ", "a.b.c"):
        status, message = status_and_message(listed(functions, key))
        assert (status, message) == (401, "A valid key is needed: send it as `Authorization: Bearer <key>`.")


def test_what_the_gateway_has_verified_is_verified_again(functions: Functions, login: Login) -> None:
    """Its authorizer says in the event who the bearer is; whoever can make up an event can say so too."""
    login.renew(OLD)
    claims = {"iss": login.site.url, "sub": "eve", "permissions": "[readers:all collections:write]"}

    def asked(method: str, token: str | None) -> tuple[int, str]:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        event = http_event(method, "/v1/collections", {"name": "guides"}, headers=headers)
        event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        name = "collections_list" if method == "GET" else "collections_create"
        return status_and_message(functions(name, event))

    assert asked("GET", login.token(OLD)) == (200, "")
    assert asked("GET", None)[0] == 401
    assert asked("GET", login.token(NEW))[0] == 401
    assert asked("POST", login.token(OLD))[0] == 403


def test_a_token_in_production_needs_an_administrator_too(
    functions: Functions, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    login.renew(OLD)
    monkeypatch.delenv("ADMIN_KEY_HASH")
    monkeypatch.setenv("ENVIRONMENT", "production")
    status, message = status_and_message(listed(functions, login.token(OLD)))
    assert (status, message) == (401, "Nobody can sign in yet: set ADMIN_KEY_HASH.")


def test_keys_are_read_once_in_half_a_minute(
    functions: Functions, login: Login, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    login.renew(OLD)
    monkeypatch.setattr(signing_keys, "REMEMBERED_SECONDS", 30.0)
    assert listed(functions, login.token(OLD))["statusCode"] == 200
    execute(database_url, "DELETE FROM concord.signing_key")
    assert listed(functions, login.token(OLD))["statusCode"] == 200


def test_nothing_is_fetched_without_an_issuer(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JWT_ISSUER", raising=False)
    assert functions.process("jwks_fetch", schedule_event()) == {"keys": 0}
    with pytest.raises(InvalidRequest, match="comes from no schedule"):
        functions.process("jwks_fetch", {"Records": []})
