"""What callers are told when something behind a function does not work."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import psycopg
import pytest

from shared.database.connections import SingleConnection
from shared.database.units_of_work import UnitOfWork
from shared.domain.principals import Principal
from shared.errors import DatabaseUnavailable, QueueUnavailable
from shared.queues.protocol import Message, WriteQueues
from tests.builders.events import answer, error_answer, http_event, usage_of
from tests.builders.functions import Functions
from tests.builders.library import settings_of
from tests.functions.conftest import Upsert

DOCUMENTS = "/v1/collections/guides/documents"
INTERNAL = error_answer(500, "internal_error", "Something went wrong on our side.", "internal")
UNAVAILABLE = error_answer(
    503,
    "database_unavailable",
    "The database does not answer; try again.",
    "unavailable",
    [],
    **{"retry-after": "2"},
)


class FailingDatabase:
    """A database whose units of work fail from the one of that number on, from 1."""

    def __init__(self, url: str, error: Exception, first: int = 1) -> None:
        self._database = SingleConnection(settings_of(url))
        self._error = error
        self._first = first
        self._opened = 0

    def unit_of_work(self, principal: Principal) -> AbstractAsyncContextManager[UnitOfWork]:
        self._opened += 1
        if self._opened >= self._first:
            raise self._error
        return self._database.unit_of_work(principal)

    async def aclose(self) -> None:
        await self._database.aclose()


class FailingQueue:
    """A queue that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, messages: Sequence[Message]) -> None:
        self.asked += len(messages)
        raise QueueUnavailable

    async def aclose(self) -> None:
        """There is nothing to close."""


def test_no_database(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@localhost/x?host=/nowhere")
    assert functions("documents_list", http_event("GET", DOCUMENTS)) == UNAVAILABLE
    search = http_event("POST", "/v1/collections/guides/search", {"q": "cats"})
    assert functions("documents_search", search) == UNAVAILABLE


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), KeyError("secret")])
def test_what_nobody_foresaw_tells_nothing(
    functions: Functions, database_url: str, capfd: pytest.CaptureFixture[str], error: Exception
) -> None:
    broken = {"database": FailingDatabase(database_url, error)}
    assert functions("documents_list", http_event("GET", DOCUMENTS), replace=broken) == INTERNAL
    assert "request_failed" in capfd.readouterr().err


@pytest.mark.usefixtures("guides")
def test_a_lost_message_does_not_undo_the_write(functions: Functions) -> None:
    queue = FailingQueue()
    event = http_event("POST", DOCUMENTS, {"documents": [{"id": "a", "body": "Text."}]})
    item = {"index": 0, "id": "a", "status": "created", "error": None}
    stored = functions("documents_upsert", event, replace={"queues": WriteQueues(queue, queue)})
    assert stored == answer(200, {"items": [item], "errors": 0, "usage": usage_of(documents_written=1)})
    assert queue.asked == 2
    assert functions.process("chunks_embed", {"schedule": "now"})["ready"] == 1


@pytest.mark.usefixtures("guides")
def test_a_group_that_fails_leaves_those_before_it(functions: Functions, database_url: str) -> None:
    # Documents are stored 500 at a time, such short ones in one unit of work.
    failing = FailingDatabase(database_url, DatabaseUnavailable(), first=2)
    documents = [{"id": f"d{number:03}"} for number in range(502)]
    event = http_event("POST", DOCUMENTS, {"documents": documents})
    answered = functions("documents_upsert", event, replace={"database": failing})
    assert answered["statusCode"] == 207
    assert answered["body"]["errors"] == 2
    error = UNAVAILABLE["body"]["error"]
    assert answered["body"]["items"][499:] == [
        {"index": 499, "id": "d499", "status": "created", "error": None},
        {"index": 500, "id": "d500", "status": "failed", "error": error},
        {"index": 501, "id": "d501", "status": "failed", "error": error},
    ]
    stored = functions("documents_list", http_event("GET", DOCUMENTS, query="limit=1000"))["body"][
        "documents"
    ]
    assert [document["id"] for document in stored] == [f"d{number:03}" for number in range(500)]
    asyncio.run(failing.aclose())


def test_a_first_group_that_fails_is_the_answer(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides({"id": "a"})
    failing = FailingDatabase(database_url, DatabaseUnavailable())
    event = http_event("POST", DOCUMENTS, {"documents": [{"id": "b"}]})
    assert functions("documents_upsert", event, replace={"database": failing}) == UNAVAILABLE


def test_a_collection_that_is_deleted_while_a_writer_waits_for_it(guides: Upsert, database_url: str) -> None:
    guides({"id": "a"})
    answers: list[Any] = []
    writer = threading.Thread(target=lambda: answers.append(guides({"id": "b", "body": "Text."})))
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext('concord.keyword_index'), id) FROM concord.collection"
            )
            writer.start()
            while connection.execute(waiting).fetchone() == (0,):
                connection.execute("SELECT pg_sleep(0.01)")
            connection.execute("UPDATE concord.collection SET deleted_at = now()")
        writer.join()
        assert answers[0]["statusCode"] == 404
        assert answers[0]["body"]["error"]["code"] == "collection_not_found"
        assert connection.execute("SELECT id FROM concord.document").fetchall() == [("a",)]
