"""What a process remembers of a collection that another one has deleted, and made anew."""

from collections.abc import AsyncIterator

import pytest

from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.domain.similar import SimilarRequest
from shared.errors import CollectionNotFound, DocumentNotFound
from shared.services.find_similar_documents import find_similar_documents
from tests.builders.documents import a_document
from tests.builders.library import Library, settings_of


@pytest.fixture
async def elsewhere(library: Library, database_url: str) -> AsyncIterator[Library]:
    """The same collection, which `library` has searched, from another process' connection."""
    await library.upsert(a_document("a", "apple pie", metadata={"year": 1}), a_document("b", "apple tart"))
    await library.embed()
    assert set(await library.find("apple", mode="keyword")) == {"a", "b"}
    connection = open_connection(settings_of(database_url))
    yield Library(connection, library.embedder)
    await connection.aclose()


async def similar(library: Library, id: str) -> list[str | None]:  # noqa: A002 - its field's name
    found = await find_similar_documents(library.database, ADMIN, library.name, id, SimilarRequest())
    return [hit.document.id for hit in found.hits]


async def test_a_deleted_collection_has_no_fields_to_miss(library: Library, elsewhere: Library) -> None:
    await elsewhere.drop()
    with pytest.raises(CollectionNotFound):
        await library.search("apple", filter="year = 1")


async def test_similar_documents_are_of_the_collection_there_is(library: Library, elsewhere: Library) -> None:
    await elsewhere.drop()
    await elsewhere.create()
    await elsewhere.upsert(a_document("n", "zebra"), a_document("m", "zebra crossing"))
    await elsewhere.embed()
    assert await similar(library, "n") == ["m"]


async def test_what_was_deleted_is_like_nothing(library: Library, elsewhere: Library) -> None:
    await elsewhere.drop()
    await elsewhere.create()
    await elsewhere.upsert(a_document("n", "zebra"))
    with pytest.raises(DocumentNotFound):
        await similar(library, "a")
    await elsewhere.drop()
    with pytest.raises(CollectionNotFound):
        await similar(library, "n")
