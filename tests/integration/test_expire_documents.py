"""Documents whose time has come are removed, and no others."""

import asyncio
import contextvars
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import TupleRow

from shared.cache.null import NullCache
from shared.cache.protocol import Cache, CacheKey, CacheState
from shared.cache.redis import RedisCache
from shared.database.connections import open_connection
from shared.domain.cache_scopes import collection_scope
from shared.domain.maintenance import MaintainRequest
from shared.domain.principals import ADMIN, WORKER
from shared.embeddings.protocol import Embedder
from shared.services import expire_documents
from shared.services.expire_documents import ExpiryReport
from shared.services.locked_collection import lock_collection
from shared.services.name_collections import set_alias
from tests.builders.cache import PATIENT, answer_of_source
from tests.builders.documents import a_document
from tests.builders.embedding_state import execute, jobs
from tests.builders.library import LONG_ENOUGH_SECONDS, Library, settings_of
from tests.builders.sql_writes import assert_consistent, upsert, wait_for_a_waiter

LATER = "2036-01-31T12:00:00Z"
IDS = "SELECT id FROM concord.document ORDER BY id"


async def expire(
    library: Library, *, seconds: float = LONG_ENOUGH_SECONDS, cache: Cache | None = None
) -> ExpiryReport:
    return await expire_documents.expire_documents(
        library.database,
        cache or NullCache(),
        library.maintain_queue,
        WORKER,
        deadline=time.monotonic() + seconds,
    )


async def in_company[Answer](of: Callable[[], Awaitable[Answer]]) -> Answer:
    """In a context of its own, as another process would be."""
    return await asyncio.create_task(_awaited(of), context=contextvars.Context())


async def _awaited[Answer](of: Callable[[], Awaitable[Answer]]) -> Answer:
    return await of()


def let_expire(database_url: str, *ids: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE concord.document SET expires_at = now() - interval '1 minute' WHERE id = ANY(%s)",
            [list(ids)],
        )


def left(database_url: str) -> list[str]:
    return [row[0] for row in execute(database_url, IDS)]


async def fill(library: Library, count: int) -> list[str]:
    documents = [a_document(f"d{place:02}", f"Lantern number {place}.") for place in range(count)]
    await library.upsert(*documents)
    return [document.id for document in documents]


async def test_what_has_expired_leaves_nothing_behind(
    library: Library, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire_documents, "DOCUMENTS_PER_UNIT", 2)
    ids = await fill(library, 8)
    await library.upsert(a_document("own", "Lamp.", expires_at=LATER))
    await library.embed()
    assert await expire(library) == ExpiryReport(0, 0, complete=True)
    library.maintain_queue.requests.clear()
    let_expire(database_url, *ids[:5])
    assert await expire(library) == ExpiryReport(1, 5, complete=True)
    assert left(database_url) == [*ids[5:], "own"]
    assert await library.find("lantern", mode="keyword") == ids[5:]
    assert (await library.count()).documents == 4
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(4,)]
    assert jobs(database_url) == {}
    assert_consistent(database_url)
    assert library.maintain_queue.requests == [MaintainRequest()]
    assert (await library.maintain()).compacted_terms > 0
    assert await expire(library) == ExpiryReport(0, 0, complete=True)


async def test_a_run_without_time_leaves_it_to_the_next(library: Library, database_url: str) -> None:
    ids = await fill(library, 3)
    let_expire(database_url, *ids)
    library.maintain_queue.requests.clear()
    assert await expire(library, seconds=-1) == ExpiryReport(1, 0, complete=False)
    assert library.maintain_queue.requests == []
    assert left(database_url) == ids
    assert await expire(library) == ExpiryReport(1, 3, complete=True)


async def test_cached_answers_by_any_name_are_forgotten(
    library: Library, database_url: str, redis_url: str
) -> None:
    ids = await fill(library, 2)
    await set_alias(library.database, NullCache(), ADMIN, "another", "library")
    let_expire(database_url, ids[0])
    cache = RedisCache(redis_url, ttl_seconds=60, budget_seconds=PATIENT)
    keys = [
        CacheKey(collection_scope(name), secrets.token_hex(4), "GET")
        for name in ("library", "another", "third")
    ]
    for key in keys:
        assert (await cache.read(key, answer_of_source)).state == CacheState.MISS
    assert (await expire(library, cache=cache)).documents == 1
    states = [(await cache.read(key, answer_of_source)).state for key in keys]
    await cache.aclose()
    assert states == [CacheState.MISS, CacheState.MISS, CacheState.HIT]


async def test_a_collection_that_is_held_does_not_keep_the_others(
    library: Library, database_url: str, embedder: Embedder
) -> None:
    hurried = open_connection(settings_of(database_url, database_statement_timeout_ms=200))
    other = Library(hurried, embedder, "other")
    await other.create()
    for each in (library, other):
        await each.upsert(a_document("a"), a_document("b"))
    let_expire(database_url, "a")
    async with library.database.unit_of_work(ADMIN) as unit:
        await lock_collection(unit, "library")
        report = await in_company(lambda: expire(other))
    await hurried.aclose()
    assert report == ExpiryReport(2, 1, complete=False)
    assert ((await documents_in(database_url, "library")), (await documents_in(database_url, "other"))) == (
        2,
        1,
    )
    assert await expire(library) == ExpiryReport(1, 1, complete=True)


async def documents_in(database_url: str, name: str) -> int:
    rows = execute(
        database_url,
        "SELECT c.name, count(*) FROM concord.document d JOIN concord.collection c ON c.id = d.collection_id"
        " GROUP BY c.name",
    )
    return int(dict(rows)[name])


async def test_two_runs_share_the_work(
    library: Library, database_url: str, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expire_documents, "DOCUMENTS_PER_UNIT", 3)
    ids = await fill(library, 20)
    let_expire(database_url, *ids[:17])
    connection = open_connection(settings_of(database_url))
    second = Library(connection, embedder)
    reports = await asyncio.gather(in_company(lambda: expire(library)), in_company(lambda: expire(second)))
    await connection.aclose()
    assert [report.complete for report in reports] == [True, True]
    assert sum(report.documents for report in reports) == 17
    assert left(database_url) == ids[17:]
    assert_consistent(database_url)


async def test_what_is_written_again_before_its_turn_stays(
    library: Library, app: psycopg.Connection[TupleRow], database_url: str
) -> None:
    await library.upsert(a_document("a", "Lanterns."), a_document("b", "Lamps."))
    let_expire(database_url, "a", "b")
    execute(database_url, "UPDATE concord.collection SET ttl_seconds = 600")
    upsert(app, a_document("a", "Lanterns."))
    running = asyncio.create_task(expire(library), context=contextvars.Context())
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    app.commit()
    assert await running == ExpiryReport(1, 1, complete=True)
    assert left(database_url) == ["a"]
    assert_consistent(database_url)


async def test_a_collection_that_is_deleted_meanwhile_is_left_to_maintenance(
    library: Library, app: psycopg.Connection[TupleRow], database_url: str
) -> None:
    ids = await fill(library, 2)
    let_expire(database_url, *ids)
    app.execute("SELECT concord.lock_collection('library')")
    running = asyncio.create_task(expire(library), context=contextvars.Context())
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    app.execute("UPDATE concord.collection SET deleted_at = now()")
    app.commit()
    assert await running == ExpiryReport(1, 0, complete=True)
    assert left(database_url) == ids
    assert (await library.maintain()).complete
    assert left(database_url) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.none() | st.integers(-100_000, 100_000).filter(bool), max_size=12),
    per_unit=st.integers(1, 4),
)
async def test_nothing_is_removed_before_its_time(
    library: Library, database_url: str, minutes: list[int | None], per_unit: int
) -> None:
    documents = [a_document(f"d{place:02}", f"Lantern {place}.") for place in range(len(minutes))]
    await library.delete_where("NOT id IS NULL")
    await library.upsert(*documents)
    with psycopg.connect(database_url) as connection:
        for document, offset in zip(documents, minutes, strict=True):
            connection.execute(
                "UPDATE concord.document SET expires_at = now() + %s WHERE id = %s",
                [None if offset is None else timedelta(minutes=offset), document.id],
            )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(expire_documents, "DOCUMENTS_PER_UNIT", per_unit)
        report = await expire(library)
    kept = [
        document.id
        for document, offset in zip(documents, minutes, strict=True)
        if offset is None or offset > 0
    ]
    assert (report.documents, report.complete) == (len(documents) - len(kept), True)
    assert left(database_url) == kept
    assert_consistent(database_url)
