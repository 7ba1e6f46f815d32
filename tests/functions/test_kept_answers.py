"""Searches that were answered before: given again unread, but not unasked and not uncounted."""

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from redis import Redis

from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderUnavailable
from tests.builders.embedders import FailingEmbedder
from tests.builders.events import Event, http_event, usage_of
from tests.builders.functions import Functions, Response
from tests.builders.redis import RedisServer
from tests.builders.served_api import served_api
from tests.functions.conftest import Upsert

SEARCH = "/v1/collections/guides/search"
ADMIN_KEY = "correct horse battery staple"
QUERY = {"q": "lanterns", "mode": "keyword"}


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    with RedisServer() as started:
        monkeypatch.setenv("REDIS_URL", started.url)
        yield started


@pytest.fixture
def library(guides: Upsert) -> None:
    guides({"id": "quay", "body": "Lanterns light the quay."})


def searched(body: object = QUERY, key: str | None = None) -> Event:
    event = http_event("POST", SEARCH, body)
    if key is not None:
        event["headers"]["authorization"] = f"Bearer {key}"
    return event


def kept(functions: Functions, event: Event) -> Response:
    """A busy machine may be too slow for a cache."""
    deadline = time.monotonic() + 30
    while (found := functions("documents_search", event))["headers"].get("x-cache") != "hit":
        assert found["statusCode"] == 200
        assert time.monotonic() < deadline
    return found


def left(response: Response) -> int:
    """How many requests the caller has left."""
    return int(response["headers"]["ratelimit"].split("r=")[1].split(";")[0])


@pytest.mark.usefixtures("library")
def test_who_may_not_search_is_given_nothing_that_is_kept(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_KEY_HASH", hashlib.sha256(ADMIN_KEY.encode()).hexdigest())
    monkeypatch.setenv("KEY_HASH_SECRET", "what stored keys are hashed with")
    functions.close_http()
    kept(functions, searched(key=ADMIN_KEY))

    def answered(**made_with: object) -> tuple[int, str | None]:
        body = {"actions": ["documents:search"], "collections": ["*"], **made_with}
        event = http_event("POST", "/v1/keys", body)
        event["headers"]["authorization"] = f"Bearer {ADMIN_KEY}"
        made = functions("keys_create", event)
        assert made["statusCode"] == 201
        found = functions("documents_search", searched(key=made["body"]["key"]))
        return found["statusCode"], found["headers"].get("x-cache")

    assert answered() == (200, "hit")
    assert answered(actions=["documents:read"])[0] == 403
    assert answered(collections=["other*"])[0] == 403
    # Of another view, and so from the database.
    assert answered(readers=["user:ada"]) == (200, "miss")
    assert functions("documents_search", searched(key="nobody's"))["statusCode"] == 401


@pytest.mark.usefixtures("library")
def test_a_kept_answer_is_one_search_of_the_budget(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(functions, searched())
    functions.close_http()
    monkeypatch.setenv("SEARCHES_PER_DAY", "2")
    answered = [functions("documents_search", searched()) for _ in range(3)]
    assert [each["statusCode"] for each in answered] == [200, 200, 429]
    assert answered[-1]["body"]["error"]["code"] == "budget_exceeded"


@pytest.mark.usefixtures("library")
def test_every_request_is_counted_once(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT_PER_SECOND", "0.01")
    monkeypatch.setenv("RATE_LIMIT_BURST", "100")
    functions.close_http()
    malformed = http_event("POST", SEARCH, '{"q": ')
    asked = [searched(), searched(), searched({"q": ""}), malformed, searched({"q": "quay"})]
    answered = [functions("documents_search", event) for event in asked]
    assert [each["statusCode"] for each in answered] == [200, 200, 422, 400, 200]
    assert [left(each) for each in answered] == [99, 98, 97, 96, 95]


@pytest.mark.usefixtures("library")
def test_a_strong_search_is_never_kept(functions: Functions, server: RedisServer) -> None:
    strong = searched({**QUERY, "consistency": "strong"})
    for _ in range(2):
        assert functions("documents_search", strong)["headers"]["x-cache"] == "bypass"
    with Redis.from_url(server.url) as redis:
        names = [name.decode() for name in redis.scan_iter("concord:{collection:guides}:*")]
    assert [name for name in names if not name.endswith(":version")] == []


@pytest.mark.usefixtures("library")
def test_a_strong_search_may_be_degraded(functions: Functions, embedder: Embedder) -> None:
    down = FailingEmbedder(embedder, lambda _: EmbedderUnavailable())
    strong = searched({"q": "lanterns", "consistency": "strong"})
    found = functions("documents_search", strong, replace={"embedder": down})
    assert (found["headers"]["x-cache"], found["body"]["degraded"]) == ("bypass", ["semantic"])
    assert found["body"]["usage"] == usage_of(searches=1)


@pytest.mark.usefixtures("library")
def test_what_is_kept_is_given_without_a_database(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kept(functions, searched())
    functions.close_http()
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    assert kept(functions, searched()) == found
    no_cache = searched()
    no_cache["headers"]["cache-control"] = "no-cache"
    assert functions("documents_search", no_cache)["statusCode"] == 503


def test_a_client_that_hangs_up_halfway_is_no_failure(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served_api(database_url, tmp_path) as api:
        place = urlsplit(api.url)
        assert place.hostname
        assert place.port
        for _ in range(3):
            with socket.create_connection((place.hostname, place.port)) as client:
                head = f"POST {SEARCH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                signed = f"authorization: {api.headers['authorization']}\r\ncontent-length: 100\r\n\r\n"
                client.sendall(f"{head}{signed}".encode() + b'{"q": "lan')
        # It has dealt with them by the time it answers one that came later.
        assert httpx.get(f"{api.url}/v1/collections", headers=api.headers).status_code == 200
    assert "request_failed" not in capsys.readouterr().err
