"""Deletions of more documents than are removed at once."""

import asyncio
import contextvars
import time

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.errors import TooManyDeletions, UnknownField
from shared.services.delete_documents_by_filter import MOST_STANDING, DeletedDocuments, DeleteLimits
from shared.services.maintain_indexes import maintain_indexes
from tests.builders import sql_writes
from tests.builders.documents import a_document
from tests.builders.embedding_state import execute
from tests.builders.gone_documents import (
    STANDING,
    delete_without_purge,
    expire,
    standing_deletions,
    stored_ids,
)
from tests.builders.library import Library, settings_of


async def fill(library: Library, *ages: int) -> None:
    await library.upsert(*(a_document(f"d{age:05}", f"Text {age}.", metadata={"age": age}) for age in ages))


async def test_more_documents_than_are_removed_at_once(library: Library, database_url: str) -> None:
    await fill(library, *range(1_300))
    gone = await delete_without_purge(library, "age >= 10", limits=DeleteLimits())
    assert gone == DeletedDocuments(1_290, exact=True, purged=False)
    assert (await library.search("*")).found == (await library.count()).documents == 10
    assert len(stored_ids(database_url)) == 1_300
    assert len(library.maintain_queue.requests) == 2
    report = await library.maintain()
    assert report.complete
    assert report.purged_rows == 1_290
    assert len(stored_ids(database_url)) == (await library.count()).documents == 10
    assert standing_deletions(database_url) == []
    sql_writes.assert_consistent(database_url)


async def test_a_few_are_removed_at_once(library: Library, database_url: str) -> None:
    await fill(library, 1, 2, 3)
    gone = await delete_without_purge(library, "age < 3", limits=DeleteLimits())
    assert gone == DeletedDocuments(2, exact=True, purged=True)
    assert stored_ids(database_url) == ["d00003"]


async def test_nothing_to_delete_asks_nobody_for_anything(library: Library) -> None:
    await fill(library, 1)
    library.maintain_queue.requests.clear()
    gone = await delete_without_purge(library, "age > 3", limits=DeleteLimits())
    assert gone == DeletedDocuments(0, exact=True, purged=True)
    assert library.maintain_queue.requests == []


@pytest.mark.parametrize("limits", [STANDING, DeleteLimits()])
async def test_a_dry_run_only_counts(library: Library, database_url: str, limits: DeleteLimits) -> None:
    await fill(library, 1, 2, 3)
    await delete_without_purge(library, "age = 1")
    foreseen = await delete_without_purge(library, "age < 3", limits=limits, dry_run=True)
    assert foreseen == DeletedDocuments(1, exact=True, purged=False)
    assert standing_deletions(database_url) == [(1, 0)]
    with pytest.raises(UnknownField):
        await delete_without_purge(library, "weight < 3", dry_run=True)


async def test_what_cannot_be_counted_in_time_is_estimated(library: Library, database_url: str) -> None:
    await fill(library, 1, 2)
    await library.upsert(a_document("far", "", metadata={"age": 3}))
    execute(database_url, "UPDATE concord.document SET number = 50000 WHERE id = 'far'")
    hurried = DeleteLimits(few_documents=0, count_seconds=0)
    gone = await delete_without_purge(library, "age = 1", limits=hurried)
    assert gone == DeletedDocuments(round(1 * 50_000 / 20_000), exact=False, purged=False)
    patient = await delete_without_purge(library, "age = 2", limits=STANDING)
    assert patient == DeletedDocuments(1, exact=True, purged=False)
    assert await library.find("*") == ["far"]


async def test_what_takes_long_to_find_stands(library: Library, database_url: str) -> None:
    await fill(library, *range(400))
    hurried = DeleteLimits(find_milliseconds=1)
    # Every text of every value is read.
    condition = " OR ".join(f'age CONTAINS "{letter}"' for letter in "abcdefghijklmnopqrstuvwxyz" * 8)
    gone = await delete_without_purge(library, f"{condition} OR age = 7", limits=hurried)
    assert gone == DeletedDocuments(1, exact=True, purged=False)
    assert (await library.search("*")).found == 399
    assert (await library.maintain()).complete
    assert "d00007" not in stored_ids(database_url)


async def test_a_collection_has_only_so_many(library: Library) -> None:
    await fill(library, *range(MOST_STANDING + 1))
    for age in range(MOST_STANDING):
        await delete_without_purge(library, f"age = {age}")
    with pytest.raises(TooManyDeletions):
        await delete_without_purge(library, f"age = {MOST_STANDING}")
    assert await library.find("*") == [f"d{MOST_STANDING:05}"]
    assert (await library.maintain()).complete
    await delete_without_purge(library, f"age = {MOST_STANDING}")
    assert await library.find("*") == []


async def test_a_purge_goes_on_where_time_ran_out(library: Library, database_url: str) -> None:
    await fill(library, *range(1_200))
    await delete_without_purge(library, "age >= 0")
    assert not (await library.maintain(seconds=0)).complete
    assert standing_deletions(database_url) == [(1_200, 0)]
    execute(database_url, "UPDATE concord.deletion SET reached_number = 500, purged = 500")
    assert (await library.count()).documents == 1_200 - 700
    assert (await library.maintain()).purged_rows == 700
    assert len(stored_ids(database_url)) == 500


async def test_a_deletion_of_a_deleted_collection_goes_with_it(library: Library, database_url: str) -> None:
    await fill(library, 1, 2)
    await delete_without_purge(library, "age = 1")
    await library.drop()
    assert (await library.maintain()).complete
    assert standing_deletions(database_url) == []
    assert stored_ids(database_url) == []


async def test_what_was_written_just_before_is_removed_too(
    library: Library, database_url: str, app: psycopg.Connection[TupleRow]
) -> None:
    """A writer that has not committed when the purge begins has its turn first."""
    await fill(library, 1, 2)
    sql_writes.upsert(app, a_document("late", "Written before.", metadata={"age": 1}))
    await delete_without_purge(library, "age = 1")
    purge = asyncio.create_task(library.maintain())
    await asyncio.to_thread(sql_writes.wait_for_a_waiter, database_url)
    app.commit()
    assert (await purge).complete
    assert stored_ids(database_url) == ["d00002"]
    sql_writes.assert_consistent(database_url)


async def test_writers_beside_a_purge_lose_nothing(library: Library, database_url: str) -> None:
    """Whatever was written after the deletion is there in the end, and nothing else is."""
    await fill(library, *range(1_500))
    await delete_without_purge(library, "age >= 0")
    own = open_connection(settings_of(database_url))
    other = Library(own, library.embedder)

    async def write() -> None:
        for start in range(0, 1_500, 150):
            await fill(other, *range(start, start + 50))

    async def purge() -> None:
        while standing_deletions(database_url):
            await maintain_indexes(library.database, ADMIN, deadline=time.monotonic() + 0.05)
            await asyncio.sleep(0)

    # In contexts of their own, as other processes would be.
    tasks = [asyncio.create_task(work(), context=contextvars.Context()) for work in (write, purge)]
    await asyncio.gather(*tasks)
    await own.aclose()
    kept = [f"d{age:05}" for start in range(0, 1_500, 150) for age in range(start, start + 50)]
    assert stored_ids(database_url) == kept
    assert (await library.search("*")).found == len(kept) == (await library.count()).documents
    sql_writes.assert_consistent(database_url)


async def test_expired_documents_count_no_more(library: Library, database_url: str) -> None:
    await fill(library, 1, 2)
    expire(database_url, "d00001")
    assert (await library.count()).documents == 1
    assert await delete_without_purge(library, "age > 0", dry_run=True) == DeletedDocuments(
        1, exact=True, purged=False
    )
