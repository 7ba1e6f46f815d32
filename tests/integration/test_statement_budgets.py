"""What each use case asks of the database: so many units of work, of so many statements."""

from typing import Any

import pytest

from tests.builders.documents import a_document
from tests.builders.embedding_state import execute
from tests.builders.library import Library
from tests.builders.recorded_database import RecordedDatabase

TAKE_TURN = [
    "lock_collection",
    "find_live_collection",
    "find_versions",
    "find_stored_chunks",
    "find_last_numbers",
]


@pytest.fixture
async def articles(library: Library) -> Library:
    await library.upsert(*(a_document(f"d{number}", f"Dogs bark {number}.") for number in range(5)))
    await library.embed()
    await library.upsert(a_document("dated", "", metadata={"year": 1}))
    return library


@pytest.fixture
def recorded(articles: Library) -> RecordedDatabase:
    return RecordedDatabase(articles.database)


@pytest.fixture
def watched(articles: Library, recorded: RecordedDatabase) -> Library:
    """The same collection, over a database that records."""
    return Library(recorded, articles.embedder)


@pytest.mark.parametrize(
    ("request_", "statements"),
    [
        ({"mode": "keyword"}, ["search_documents"]),
        ({"mode": "hybrid"}, ["search_documents"]),
        ({"mode": "semantic", "limit": 100, "passages": 10}, ["search_documents"]),
        (
            {"filter": "NOT EXISTS year", "include_fields": ["body"]},
            ["list_metadata_fields", "search_documents"],
        ),
    ],
)
async def test_a_search_is_one_unit_of_one_round_trip(
    watched: Library, recorded: RecordedDatabase, request_: dict[str, Any], statements: list[str]
) -> None:
    await watched.search("what is known of the collection is remembered")
    recorded.units.clear()
    assert (await watched.search("animals that bark", **request_)).hits
    assert recorded.units == [statements]


async def test_a_search_of_an_index_says_how_wide(
    watched: Library, recorded: RecordedDatabase, database_url: str
) -> None:
    execute(database_url, "SELECT concord.index_collection_vectors(1)")
    for _ in range(2):
        recorded.units.clear()
        assert (await watched.search("animals that bark", mode="semantic")).hits
    assert recorded.units == [["widen_vector_scan", "search_documents"]]


async def test_a_first_search_asks_for_the_collection_before(
    watched: Library, recorded: RecordedDatabase
) -> None:
    await watched.search("animals that bark", mode="keyword")
    assert recorded.units == [["find_facts"], ["search_documents"]]


async def test_a_document_is_read_in_one_unit(watched: Library, recorded: RecordedDatabase) -> None:
    await watched.get("d1")
    assert recorded.units == [["find_collection", "find_document"]]


@pytest.mark.parametrize("count", [1, 200])
async def test_a_batch_costs_as_many_statements_as_one_document(
    watched: Library, recorded: RecordedDatabase, count: int
) -> None:
    await watched.upsert(*(a_document(f"n{number}", "A text.", metadata={"n": 1}) for number in range(count)))
    writes = ["upsert_documents", "note_metadata_fields", "request_embedding", "index_chunks", "add_words"]
    assert recorded.units == [["find_collection", *TAKE_TURN, *writes]]


async def test_long_documents_are_looked_for_before_the_collection_is_locked(
    watched: Library, recorded: RecordedDatabase
) -> None:
    await watched.upsert(a_document("long", "A river. " * 5000))
    writes = ["upsert_documents", "request_embedding", "index_chunks", "add_words"]
    assert recorded.units == [["find_collection", "find_versions"], [*TAKE_TURN, *writes]]


async def test_an_unchanged_batch_writes_nothing(watched: Library, recorded: RecordedDatabase) -> None:
    await watched.upsert(*(a_document(f"d{number}", f"Dogs bark {number}.") for number in range(5)))
    assert recorded.units == [["find_collection", *TAKE_TURN, "retry_failed"]]


async def test_documents_are_embedded_in_four_units(watched: Library, recorded: RecordedDatabase) -> None:
    await watched.upsert(*(a_document(f"n{number}", f"Text {number}.") for number in range(30)))
    recorded.units.clear()
    await watched.worker().embed_requested(watched.queue.requests[0])
    stored = ["lock_jobs", "insert_embeddings", "complete_jobs", "name_collections", "count_document_tokens"]
    assert recorded.units == [
        ["claim_jobs"],
        ["find_interim_documents"],
        ["find_unembedded_chunks"],
        stored,
        # Of those not tried before, and of those that were.
        ["claim_jobs", "claim_jobs"],
    ]


async def test_a_document_is_deleted_in_one_unit(watched: Library, recorded: RecordedDatabase) -> None:
    await watched.delete("d1")
    writes = ["retire_documents", "lock_jobs", "withdraw_embedding", "delete_documents"]
    assert recorded.units == [["find_collection", *TAKE_TURN, *writes]]
