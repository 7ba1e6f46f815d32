"""Small writes that come while another is at work: one transaction, and to each what is his."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.cache.null import NullCache
from shared.database.boundaries import ClaimedKey, WriteRequest, current_write
from shared.database.pool import PooledConnections
from shared.domain.document_writes import WriteStatus
from shared.domain.entity_tags import Expected, version_of
from shared.domain.principals import ADMIN, Principal
from shared.embeddings.protocol import Embedder
from shared.errors import (
    CollectionNotFound,
    ConcordError,
    DatabaseUnavailable,
    DocumentNotFound,
    PreconditionFailed,
)
from shared.queues.protocol import WriteQueues
from shared.services.delete_document import delete_document
from shared.services.upsert_documents import upsert_documents
from tests.builders.documents import a_document
from tests.builders.embedding_state import execute
from tests.builders.library import Library, RecordedQueue, settings_of
from tests.builders.recorded_database import RecordedDatabase

CREATED, UPDATED, UNCHANGED = WriteStatus.CREATED, WriteStatus.UPDATED, WriteStatus.UNCHANGED


@pytest.fixture
async def recorded(database_url: str) -> AsyncIterator[RecordedDatabase]:
    connections = PooledConnections(settings_of(database_url))
    yield RecordedDatabase(connections)
    await connections.aclose()


@pytest.fixture
async def shelf(recorded: RecordedDatabase, embedder: Embedder) -> Library:
    library = Library(recorded, embedder)
    await library.create()
    recorded.units.clear()
    return library


def expected(updated_at: datetime) -> Expected:
    return Expected(frozenset([version_of(updated_at)]))


def units_with(recorded: RecordedDatabase, statement: str) -> int:
    return sum(statement in names for names in recorded.units)


async def as_request[Answer](
    name: str, work: Coroutine[Any, Any, Answer], *, action: str = "documents.upsert", key: str | None = None
) -> Answer:
    """What the audit is to have of it is its own, as each request runs in a task of its own."""
    claimed = None if key is None else ClaimedKey("documents_upsert", key, f"holder of {key}")
    current_write.set(WriteRequest(action, "library", request_id=name, claimed=claimed))
    return await work


async def all_at_once(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    async with asyncio.timeout(60):
        return await asyncio.gather(*requests, return_exceptions=True)


def audited(database_url: str) -> dict[object, object]:
    """By request the ids that it has written."""
    return dict(execute(database_url, "SELECT request_id, objects FROM concord.audit_entry"))


async def test_many_at_once_are_few_transactions(
    shelf: Library, recorded: RecordedDatabase, database_url: str
) -> None:
    statuses = await all_at_once(
        *(as_request(f"r{n}", shelf.upsert(a_document(f"d{n}", f"River {n}."))) for n in range(40))
    )
    assert statuses == [{f"d{n}": CREATED} for n in range(40)]
    assert units_with(recorded, "upsert_documents") == 2
    assert len(await shelf.find("river", mode="keyword", limit=50)) == 40
    assert audited(database_url) == {f"r{n}": [f"d{n}"] for n in range(40)}
    # The first was alone, and one of the others has told of all of them.
    assert [len(request.document_numbers) for request in shelf.queue.requests] == [1, 39]
    assert len(shelf.maintain_queue.requests) == 2


async def test_more_than_a_turn_takes_are_more_turns(shelf: Library, recorded: RecordedDatabase) -> None:
    groups = [[a_document(f"{n}-{i}", "A river.") for i in range(40)] for n in range(4)]
    for statuses in await all_at_once(*(shelf.upsert(*group) for group in groups)):
        assert set(statuses.values()) == {CREATED}
    assert units_with(recorded, "upsert_documents") == 3


async def test_large_ones_wait_for_nobody_in_this_process(shelf: Library, recorded: RecordedDatabase) -> None:
    long = "A river. " * 3000
    many = [a_document(f"many-{n}", "A river.") for n in range(101)]
    await all_at_once(
        shelf.upsert(a_document("a", "A river.")),
        shelf.upsert(a_document("long", long)),
        shelf.upsert(*many),
        shelf.upsert(a_document("b", "A river.")),
    )
    assert units_with(recorded, "upsert_documents") == 4


async def test_of_what_changes_nothing_there_is_no_entry(shelf: Library, database_url: str) -> None:
    await shelf.upsert(a_document("old", "A river."))
    statuses = await all_at_once(
        as_request("first", shelf.upsert(a_document("a", "A sea."))),
        as_request("same", shelf.upsert(a_document("old", "A river."))),
        as_request("new", shelf.upsert(a_document("b", "A lake."))),
        shelf.upsert(a_document("untold", "A pond.")),
    )
    assert statuses == [{"a": CREATED}, {"old": UNCHANGED}, {"b": CREATED}, {"untold": CREATED}]
    assert audited(database_url) == {"first": ["a"], "new": ["b"]}


async def test_of_what_only_expires_later_there_is_an_entry(
    recorded: RecordedDatabase, embedder: Embedder, database_url: str
) -> None:
    news = Library(recorded, embedder)
    await news.create(ttl_seconds=3600)
    timed = a_document("timed", "A river.", expires_at=datetime(2100, 1, 1, tzinfo=UTC))
    await news.upsert(a_document("old", "A river."), timed)
    statuses = await all_at_once(
        as_request("first", news.upsert(a_document("a", "A sea."))),
        as_request("again", news.upsert(a_document("old", "A river."))),
        as_request("same", news.upsert(timed)),
    )
    assert statuses == [{"a": CREATED}, {"old": UNCHANGED}, {"timed": UNCHANGED}]
    assert audited(database_url) == {"first": ["a"], "again": ["old"]}


async def test_the_same_document_is_written_by_one_after_the_other(shelf: Library) -> None:
    statuses = await all_at_once(*(shelf.upsert(a_document("a", f"River {n}.")) for n in range(4)))
    assert statuses == [{"a": CREATED}, *[{"a": UPDATED}] * 3]
    assert (await shelf.get("a")).body == "River 3."


async def test_the_last_places_are_for_those_who_came_first(
    recorded: RecordedDatabase, embedder: Embedder, database_url: str
) -> None:
    small = Library(recorded, embedder)
    await small.create(max_documents=3)
    statuses = await all_at_once(
        *(as_request(f"r{n}", small.upsert(a_document(f"d{n}", "A river."))) for n in range(5))
    )
    assert statuses == [{"d0": CREATED}, {"d1": CREATED}, {"d2": CREATED}, {"d3": None}, {"d4": None}]
    assert set(audited(database_url)) == {"r0", "r1", "r2"}


async def test_who_was_overtaken_fails_alone(
    shelf: Library, recorded: RecordedDatabase, database_url: str
) -> None:
    outcomes = await all_at_once(
        as_request("a", shelf.upsert(a_document("a", "A river."))),
        as_request("b", shelf.upsert(a_document("b", "A river."))),
        as_request("c", shelf.upsert(a_document("c", "A river.")), key="held by somebody else"),
        as_request("d", shelf.upsert(a_document("d", "A river."))),
    )
    assert isinstance(outcomes.pop(2), DatabaseUnavailable)
    assert outcomes == [{name: CREATED} for name in "abd"]
    assert set(audited(database_url)) == {"a", "b", "d"}
    assert units_with(recorded, "upsert_documents") == 3


async def test_another_caller_has_a_transaction_of_his_own(
    shelf: Library, recorded: RecordedDatabase, database_url: str
) -> None:
    ann = Principal("ann", ADMIN.permissions)
    queues = WriteQueues(RecordedQueue(), RecordedQueue())

    async def by_ann(name: str) -> None:
        documents = [a_document(name, "A river.")]
        await upsert_documents(recorded, NullCache(), queues, ann, "library", documents)

    requests = [as_request(name, shelf.upsert(a_document(name, "A river."))) for name in "abc"]
    await all_at_once(*requests, *(as_request(name, by_ann(name)) for name in "xyz"))
    rows = execute(database_url, "SELECT principal, request_id FROM concord.audit_entry ORDER BY request_id")
    assert rows == [*(("admin", name) for name in "abc"), *(("ann", name) for name in "xyz")]
    assert units_with(recorded, "upsert_documents") == 4


async def test_all_hear_that_there_is_no_collection(shelf: Library) -> None:
    await shelf.drop()
    outcomes = await all_at_once(*(shelf.upsert(a_document(f"d{n}", "A river.")) for n in range(4)))
    assert all(isinstance(outcome, CollectionNotFound) for outcome in outcomes)


async def test_deletions_share_one_and_each_hears_of_its_own_document(
    shelf: Library, recorded: RecordedDatabase, database_url: str
) -> None:
    await shelf.upsert(*(a_document(f"d{n}", "A river.") for n in range(8)))
    recorded.units.clear()
    current = expected((await shelf.get("d6")).updated_at)
    stale = expected(datetime(2026, 1, 1, tzinfo=UTC))

    def request(id: str, version: Expected | None = None) -> Coroutine[Any, Any, None]:  # noqa: A002
        queue = shelf.maintain_queue
        deletion = delete_document(recorded, NullCache(), queue, ADMIN, "library", id, version)
        return as_request(id, deletion, action="documents.delete")

    outcomes = await all_at_once(
        *(request(f"d{n}") for n in range(6)),
        request("d6", current),
        request("d7", stale),
        request("nothing"),
        request("nothing either", stale),
    )
    assert outcomes[:7] == [None] * 7
    kinds: list[type[ConcordError]] = [PreconditionFailed, DocumentNotFound, DocumentNotFound]
    assert [type(outcome) for outcome in outcomes[7:]] == kinds
    assert units_with(recorded, "delete_documents") == 2
    assert await shelf.find("river", mode="keyword") == ["d7"]
    assert audited(database_url) == {f"d{n}": [f"d{n}"] for n in range(7)}


async def test_a_deletion_of_nothing_leaves_nothing(shelf: Library, database_url: str) -> None:
    asked = len(shelf.maintain_queue.requests)
    with pytest.raises(DocumentNotFound):
        await as_request("r", shelf.delete("nothing"), action="documents.delete")
    assert audited(database_url) == {}
    assert len(shelf.maintain_queue.requests) == asked
