"""A function answers before Lambda or the API's gateway end it, whatever the database does."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from shared.errors import DatabaseUnavailable
from tests.builders.events import http_event
from tests.builders.functions import Functions, Response
from tests.builders.postgres_proxy import postgres_proxy

LIST = http_event("GET", "/v1/collections/guides/documents")


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Whoever reads collections waits."""
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE concord.collection")
        yield


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def is_unavailable(response: Response, *, retry_after: str) -> bool:
    code = response["body"]["error"]["code"]
    return (response["statusCode"], code, response["headers"]["retry-after"]) == (
        503,
        "database_unavailable",
        retry_after,
    )


@pytest.mark.usefixtures("guides")
def test_a_slow_statement_is_answered_in_time(functions: Functions, database_url: str) -> None:
    with locked(database_url), within(2):
        assert is_unavailable(functions("documents_list", LIST, seconds=2), retry_after="2")
    assert functions("documents_list", LIST, seconds=2)["statusCode"] == 200


@pytest.mark.usefixtures("guides")
def test_a_slow_statement_is_answered_before_the_gateway_hangs_up(
    functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.http.lambda_function._GATEWAY_SECONDS", 2.0)
    with locked(database_url), within(2):
        assert is_unavailable(functions("documents_list", LIST, seconds=900), retry_after="2")


@pytest.mark.parametrize("resume_seconds", ["0", "60"])
def test_a_database_that_stays_silent_is_answered_in_time(
    functions: Functions, database_url: str, monkeypatch: pytest.MonkeyPatch, resume_seconds: str
) -> None:
    monkeypatch.setenv("DATABASE_RESUME_SECONDS", resume_seconds)
    retry_after = "2" if resume_seconds == "0" else "10"
    with postgres_proxy(database_url) as proxy:
        proxy.fall_silent()
        monkeypatch.setenv("DATABASE_URL", proxy.url)
        with within(2):
            response = functions("documents_list", LIST, seconds=2)
        assert is_unavailable(response, retry_after=retry_after)


@pytest.mark.usefixtures("guides")
def test_each_event_has_a_time_of_its_own(functions: Functions, database_url: str) -> None:
    with locked(database_url), within(2), pytest.raises(DatabaseUnavailable):
        functions.process("chunks_embed", {"schedule": "now"}, seconds=1.5)
    time.sleep(0.5)
    report = functions.process("chunks_embed", {"schedule": "now"}, seconds=60)
    assert report["failed"] == 0
