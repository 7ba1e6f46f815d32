"""Documents written through SQL while others write: the worker, the API, other transactions."""

import asyncio
import threading

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import TupleRow

from tests.builders.documents import a_document
from tests.builders.embedding_state import assert_vectors_are_right, execute, jobs, sections
from tests.builders.library import Library
from tests.builders.sql_writes import assert_consistent, delete, upsert, wait_for_a_waiter


@pytest.mark.usefixtures("library")
def test_two_transactions_take_turns(app: psycopg.Connection[TupleRow], database_url: str) -> None:
    upsert(app, a_document("a", "Lanterns light the harbour."))
    done = threading.Event()

    def write_another() -> None:
        with psycopg.connect(database_url) as connection:
            upsert(connection, a_document("b", "Lanterns light the bridge."))
        done.set()

    writer = threading.Thread(target=write_another)
    writer.start()
    wait_for_a_waiter(database_url)
    assert not done.is_set()
    app.commit()
    writer.join()
    assert execute(database_url, "SELECT id, number, index_number FROM concord.document ORDER BY id") == [
        ("a", 1, 1),
        ("b", 2, 2),
    ]
    assert_consistent(database_url)


async def test_many_writers_at_once_leave_the_statistics_right(library: Library, database_url: str) -> None:
    def write(place: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for turn in range(10):
                upsert(connection, a_document(f"d{turn % 4}", f"River number{place} at turn{turn}."))
                if turn % 5 == 4:
                    delete(connection, f"d{place}")

    writers = [threading.Thread(target=write, args=(place,)) for place in range(4)]
    for writer in writers:
        writer.start()
    for turn in range(5):
        await library.upsert(a_document(f"d{turn}", f"From the API at turn{turn}."))
    for writer in writers:
        writer.join()
    assert_consistent(database_url)
    await library.embed()
    assert_consistent(database_url)
    await assert_vectors_are_right(database_url, library.embedder)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_cannot_see_what_others_wrote_is_refused(
    app: psycopg.Connection[TupleRow], level: str
) -> None:
    app.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
    with pytest.raises(errors.FeatureNotSupported, match="isolation level READ COMMITTED"):
        upsert(app, a_document("a", "Text."))


async def test_text_that_changes_under_the_worker_is_chunked_as_it_is_then(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    """The worker waits for the app's transaction, and then leaves the document to the next claim."""
    upsert(app, a_document("a", "Violins are played."))
    upsert(app, a_document("b", "Copper."))
    app.commit()
    upsert(app, a_document("a", "\n\n".join(sections(3))))
    worker = library.worker()
    embedding = asyncio.create_task(worker.embed_due())
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    app.commit()
    await embedding
    assert jobs(database_url) == {}
    assert_consistent(database_url)
    await assert_vectors_are_right(database_url, library.embedder)
    assert execute(database_url, "SELECT count(*) FROM concord.chunk WHERE embedded_hash = ''") == [(0,)]


async def test_where_all_text_changes_under_the_worker_nothing_is_chunked_twice(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    upsert(app, a_document("a", "Violins are played."))
    app.commit()
    app.execute("SELECT concord.lock_collection('library')")
    embedding = asyncio.create_task(library.worker().embed_due())
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    upsert(app, a_document("a", "Copper is mined."))
    app.commit()
    await embedding
    assert jobs(database_url) == {}
    assert_consistent(database_url)
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_collection_that_goes_meanwhile_stops_no_worker(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    upsert(app, a_document("a", "Violins are played."))
    app.commit()
    app.execute("SELECT concord.lock_collection('library')")
    embedding = asyncio.create_task(library.worker().embed_due())
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    app.execute("UPDATE concord.collection SET deleted_at = now() WHERE name = 'library'")
    app.commit()
    await embedding
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(0,)]


@pytest.mark.usefixtures("library")
async def test_a_collection_that_is_renamed_meanwhile_is_gone_for_who_waited(
    app: psycopg.Connection[TupleRow], database_url: str
) -> None:
    app.execute("SELECT concord.lock_collection('library')")

    def write() -> None:
        with psycopg.connect(database_url) as connection:
            upsert(connection, a_document("a", "Text."))

    writing = asyncio.create_task(asyncio.to_thread(write))
    await asyncio.to_thread(wait_for_a_waiter, database_url)
    app.execute("UPDATE concord.collection SET name = 'another' WHERE name = 'library'")
    app.commit()
    with pytest.raises(errors.UndefinedObject, match="collection: there is no collection 'library'"):
        await writing
