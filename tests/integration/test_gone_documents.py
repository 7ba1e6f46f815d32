"""What is gone is in no answer and in nobody's way, before maintenance has removed it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.cache.null import NullCache
from shared.domain.bundles import check_bundle
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import ADMIN
from shared.domain.similar import SimilarRequest
from shared.embeddings.local import DIMENSIONS
from shared.embeddings.local_model_files import MODEL
from shared.errors import DocumentNotFound
from shared.services.export_collection import export_collection
from shared.services.find_similar_documents import find_similar_documents
from shared.services.import_bundle import BundleTarget, import_bundle
from shared.services.list_documents import list_documents
from shared.services.suggest_queries import suggest_queries
from tests.builders import sql_writes
from tests.builders.documents import a_document
from tests.builders.gone_documents import delete_without_purge, expire, standing_deletions, stored_ids
from tests.builders.library import Library

type MakeGone = Callable[[], Awaitable[None]]
OLD = ("old-1", "old-2")
OLD_AGE, NEW_AGE = {"age": 90}, {"age": 3}


@pytest.fixture(params=["deleted", "expired"])
async def make_gone(request: pytest.FixtureRequest, library: Library, database_url: str) -> MakeGone:
    """Two old documents of four, which are deleted by a filter or have expired once this is called."""
    for number in (1, 2):
        await library.upsert(
            a_document(f"old-{number}", f"The harbour of {number} boats.", title="Boats", metadata=OLD_AGE),
            a_document(f"new-{number}", f"The harbour has {number} ships.", title="Ships", metadata=NEW_AGE),
        )
    await library.embed()

    async def delete() -> None:
        gone = await delete_without_purge(library, "age > 50")
        assert (gone.deleted, gone.exact, gone.purged) == (2, True, False)

    async def let_expire() -> None:
        expire(database_url, *OLD)

    return delete if request.param == "deleted" else let_expire


@pytest.mark.parametrize("mode", ["keyword", "semantic", "hybrid"])
@pytest.mark.parametrize("more", [{}, {"filter": "age > 1"}, {"sort": ["age"]}])
async def test_no_search_finds_it(
    library: Library, make_gone: MakeGone, mode: str, more: dict[str, Any]
) -> None:
    # The collection is remembered from before.
    assert len(await library.find("harbour", mode=mode, **more)) == 4
    await make_gone()
    found = await library.search("harbour", mode=mode, facets=["age"], **more)
    assert {hit.document.id for hit in found.hits} == {"new-1", "new-2"}
    assert found.facets["age"]["values"] == [{"value": 3, "count": 2}]
    assert await library.find("*") == await library.find("*", sort=["age"]) == ["new-1", "new-2"]


async def test_nothing_else_shows_it(library: Library, make_gone: MakeGone, database_url: str) -> None:
    await library.search("harbour", mode="keyword")
    await make_gone()
    with pytest.raises(DocumentNotFound):
        await library.get("old-1")
    assert (await library.get("new-1")).id == "new-1"
    with pytest.raises(DocumentNotFound):
        await find_similar_documents(library.database, ADMIN, library.name, "old-1", SimilarRequest())
    similar = await find_similar_documents(library.database, ADMIN, library.name, "new-1", SimilarRequest())
    assert [hit.document.id for hit in similar.hits] == ["new-2"]
    listed, _ = await list_documents(
        library.database, ADMIN, library.name, after="", limit=9, filter_text=None
    )
    assert [document.id for document in listed] == ["new-1", "new-2"]
    suggested = await suggest_queries(library.database, ADMIN, library.name, "sh", 5)
    assert [document.id for document in suggested.documents] == ["new-1", "new-2"]
    bundle = export_collection(library.database, ADMIN, library.name, with_vectors=True)
    lines = [line async for line in bundle]
    exported = [json.loads(line) for text in lines for line in text.splitlines()]
    assert [line["id"] for line in exported if "id" in line] == ["new-1", "new-2"]
    assert (await library.count()).documents == 2
    assert stored_ids(database_url) == ["new-1", "new-2", *OLD]


async def test_it_can_be_neither_changed_nor_deleted(
    library: Library, make_gone: MakeGone, database_url: str
) -> None:
    await make_gone()
    with pytest.raises(DocumentNotFound):
        await library.change("old-1", title="Old harbours")
    with pytest.raises(DocumentNotFound):
        await library.delete("old-2")
    assert (await library.count()).documents == 2
    sql_writes.assert_consistent(database_url)


async def test_what_is_written_again_is_new(library: Library, make_gone: MakeGone, database_url: str) -> None:
    before = await library.get("old-1")
    await make_gone()
    again = a_document("old-1", before.body, title=before.title, metadata=before.metadata)
    assert await library.upsert(again) == {"old-1": "created"}
    after = await library.get("old-1")
    assert after.created_at > before.created_at
    assert await library.upsert(again) == {"old-1": "unchanged"}
    assert await library.find("harbour", mode="keyword", sort=["id"]) == ["new-1", "new-2", "old-1"]
    assert (await library.count()).documents == 3
    assert (await library.maintain()).complete
    await library.embed()
    assert set(await library.find("harbour", mode="semantic")) == {"new-1", "new-2", "old-1"}
    sql_writes.assert_consistent(database_url)


async def test_what_sql_writes_again_is_new(
    library: Library, make_gone: MakeGone, database_url: str, app: psycopg.Connection[TupleRow]
) -> None:
    await make_gone()
    again = a_document("old-1", "The harbour of 1 boats.", title="Boats", metadata=OLD_AGE)
    assert sql_writes.upsert(app, again) == "created"
    assert sql_writes.upsert(app, again) == "unchanged"
    app.commit()
    assert await library.find("harbour", mode="keyword", sort=["id"]) == ["new-1", "new-2", "old-1"]
    assert (await library.maintain()).complete
    assert (await library.get("old-1")).body == again.body
    sql_writes.assert_consistent(database_url)


async def test_what_a_bundle_brings_back_stays(
    library: Library, make_gone: MakeGone, database_url: str
) -> None:
    bundle = export_collection(library.database, ADMIN, library.name, with_vectors=False)
    lines = [line async for line in bundle]
    await make_gone()
    target = BundleTarget(library.name, EmbeddingSpace(MODEL, DIMENSIONS), merge=True, with_vectors=False)
    header = check_bundle(lines).header
    restored = await import_bundle(
        library.database, NullCache(), ADMIN, target, header, lines, lambda _done: None
    )
    assert restored == {"created": 2, "unchanged": 2}
    for _ in range(2):
        assert await library.find("*", sort=["id"]) == ["new-1", "new-2", *OLD]
        assert (await library.maintain()).complete
    sql_writes.assert_consistent(database_url)


async def test_a_document_that_comes_to_be_like_it_stays(library: Library, database_url: str) -> None:
    await library.upsert(*(a_document(f"d{n}", f"Text {n}.", metadata={"age": n}) for n in range(4)))
    await delete_without_purge(library, "age < 2")
    await library.change("d2", metadata={"age": 1})
    await library.upsert(a_document("d3", "Text 3.", metadata={"age": 0}))
    assert await library.find("*", sort=["id"]) == ["d2", "d3"]
    assert (await library.maintain()).complete
    assert stored_ids(database_url) == ["d2", "d3"]
    assert standing_deletions(database_url) == []
