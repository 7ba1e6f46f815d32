"""Where the database pauses when nobody is connected, nobody stays connected."""

import time
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert

PATH = "/v1/collections/guides/documents"


def connected(postgres_url: str, database_url: str) -> int:
    """How many of ours are connected; a server takes a moment to notice that one has left."""
    name = urlsplit(database_url).path.strip("/")
    give_up = time.monotonic() + 2
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'concord' AND datname = %s",
                [name],
            ).fetchone()
            assert row is not None
            if row[0] == 0 or time.monotonic() > give_up:
                return int(row[0])
            time.sleep(0.05)


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_CLOSE_AFTER_EVENT", "true")


@pytest.mark.usefixtures("closing")
def test_functions_leave_no_connection(
    functions: Functions, guides: Upsert, postgres_url: str, database_url: str
) -> None:
    assert guides({"id": "a", "body": "Cats."})["statusCode"] == 200
    assert connected(postgres_url, database_url) == 0
    missing = functions("documents_get", http_event("GET", f"{PATH}/missing"))
    assert missing["statusCode"] == 404
    assert functions.process("chunks_embed", {"schedule": "now"})["ready"] == 1
    assert functions.process("indexes_maintain", {"schedule": "now"})
    assert functions.process("chunks_embed", {"schedule": "now"})["ready"] == 0
    assert connected(postgres_url, database_url) == 0
    assert functions("documents_get", http_event("GET", f"{PATH}/a"))["statusCode"] == 200


@pytest.mark.usefixtures("guides")
def test_otherwise_a_connection_is_kept_for_the_next_event(postgres_url: str, database_url: str) -> None:
    assert connected(postgres_url, database_url) == 1


@pytest.mark.usefixtures("closing", "guides")
def test_an_event_that_fails_leaves_none_either(
    functions: Functions, postgres_url: str, database_url: str
) -> None:
    with pytest.raises(Exception, match="schedule"):
        functions.process("indexes_maintain", {"neither": "schedule nor message"})
    too_large = http_event("GET", PATH, query="limit=5000")
    assert functions("documents_list", too_large)["statusCode"] == 422
    assert connected(postgres_url, database_url) == 0
