"""Vectors that come with documents, beside the workers, the models and the bundles that might touch them."""

import asyncio
from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.cache.null import NullCache
from shared.database.connections import SingleConnection
from shared.domain.bundles import check_bundle
from shared.domain.document_writes import WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.embedding_spaces import EmbeddingSpace, OwnSpace, unit_vector
from shared.domain.principals import ADMIN
from shared.embeddings.local import DIMENSIONS
from shared.embeddings.local_model_files import MODEL
from shared.embeddings.model_change import ChangingEmbedder
from shared.embeddings.protocol import Embedder
from shared.errors import Conflict, EmbeddingSpaceMismatch, InvalidRequest
from shared.services.export_collection import export_collection
from shared.services.import_bundle import BundleTarget, import_bundle
from tests.builders.changing_library import ChangingLibrary
from tests.builders.documents import a_document
from tests.builders.embedders import HeldEmbedder, RecordingEmbedder
from tests.builders.embedding_state import execute, jobs
from tests.builders.library import Library
from tests.builders.sql_writes import assert_consistent, upsert
from tests.builders.vectors import clustered_vectors

OWN = OwnSpace(provider="own", model="clip", dimensions=24)
SPACE = EmbeddingSpace(MODEL, DIMENSIONS)
CHUNKS = "SELECT id, embedded_hash FROM concord.chunk ORDER BY document_number, ordinal"
VECTORS = "SELECT space_id, chunk_id, vector::text FROM concord.embedding ORDER BY 1, 2"


def axis(number: int, dimensions: int = DIMENSIONS) -> tuple[float, ...]:
    return tuple(float(place == number) for place in range(dimensions))


@pytest.fixture
async def own(database: SingleConnection, embedder: Embedder) -> Library:
    """A collection whose vectors come with its documents."""
    created = Library(database, embedder)
    await created.create(embedding=OWN)
    return created


@pytest.fixture
async def changing(database: SingleConnection, changing_embedder: ChangingEmbedder) -> ChangingLibrary:
    """A document with a vector of its own and one without, in a deployment of two models."""
    created = ChangingLibrary(database, changing_embedder)
    await created.create()
    await created.upsert(a_document("given", "A river.", vector=axis(0)), a_document("river", "A river."))
    await created.embed()
    return created


async def test_no_worker_is_asked_for_what_comes_with_documents(own: Library, database_url: str) -> None:
    await own.upsert(a_document("a", "A river.", vector=axis(0, 24)), a_document("b", "A hill."))
    await own.change("a", body="A brook.")
    assert (own.queue.requests, jobs(database_url)) == ([], {})
    embedder = RecordingEmbedder(own.embedder)
    report = await own.embed(embedder)
    assert (report.ready, report.chunks, embedder.texts) == (0, 0, [])
    assert len(execute(database_url, VECTORS)) == 1


async def test_what_sql_writes_there_is_chunked_and_not_embedded(
    own: Library, database_url: str, app: psycopg.Connection[TupleRow]
) -> None:
    await own.upsert(a_document("a", "A river.", vector=axis(0, 24)))
    for name in ("a", "b"):
        upsert(app, DocumentInput(id=name, body="# Rivers\n\nFlow.\n\n# Hills\n\nStand."))
    app.commit()
    embedder = RecordingEmbedder(own.embedder)
    await own.embed(embedder)
    counted = await own.count()
    assert (counted.pending, counted.failed, counted.chunks, embedder.texts) == (0, 0, 4, [])
    assert execute(database_url, VECTORS) == []
    assert_consistent(database_url)


async def test_another_vector_leaves_chunks_and_words_as_they_are(own: Library, database_url: str) -> None:
    document = a_document("a", "A river.", vector=axis(0, 24))
    await own.upsert(document)
    before = execute(database_url, CHUNKS), await own.count()
    moved = document.model_copy(update={"vector": axis(1, 24)})
    assert await own.upsert(moved) == {"a": WriteStatus.UPDATED}
    assert await own.upsert(moved) == {"a": WriteStatus.UNCHANGED}
    assert (execute(database_url, CHUNKS), await own.count()) == before
    assert (await own.search("*", vector=axis(1, 24))).hits[0].score == pytest.approx(1)
    assert_consistent(database_url)


async def test_a_vector_that_is_on_its_way_comes_too_late(library: Library, database_url: str) -> None:
    """A worker embeds the text while the document gets a vector of its own, whatever comes first."""
    await library.upsert(a_document("a", "A river."))
    held = HeldEmbedder(library.embedder)
    working = asyncio.create_task(library.embed(held))
    await held.asked.wait()
    # The worker's connection is the library's, too: it is free while the embedder is asked.
    await library.upsert(a_document("a", "A river.", vector=axis(3)))
    held.may_answer.set()
    await working
    ((_, _, stored),) = execute(database_url, VECTORS)
    assert stored == str([*map(int, axis(3))]).replace(" ", "")
    assert jobs(database_url) == {}


async def test_without_its_vector_a_document_is_embedded_again(library: Library, database_url: str) -> None:
    document = a_document("a", "A river.", vector=axis(0))
    await library.upsert(document)
    await library.upsert(document.model_copy(update={"vector": None}))
    assert jobs(database_url).keys() == {"a"}
    await library.embed()
    found = await library.search("river", mode="semantic")
    assert found.hits[0].score > 0.3
    assert (await library.search("*", vector=axis(0))).hits[0].score < 0.3


async def test_a_change_of_the_model_embeds_the_text_of_such_a_document(
    changing: ChangingLibrary, database_url: str
) -> None:
    await changing.start()
    await changing.backfill()
    assert (await changing.status()).new_vectors == 2
    # Written while both spaces stand: the text is new to the other model, and the vector not.
    await changing.change("given", body="A steep hill.")
    await changing.upsert(a_document("late", "A brook.", vector=axis(1)))
    with pytest.raises(Conflict):
        await changing.switch()
    await changing.backfill()
    await changing.switch()
    assert (await changing.search("steep hill", mode="semantic")).hits[0].document.id == "given"
    # Given in the new space, it is embedded for the old one.
    await changing.upsert(a_document("given", "A wide lake.", vector=axis(2)))
    await changing.backfill()
    assert (await changing.search("*", vector=axis(2))).hits[0].document.id == "given"
    await changing.switch(to_new=False)
    assert (await changing.search("wide lake", mode="semantic")).hits[0].document.id == "given"
    assert (await changing.search("*", vector=axis(1))).hits[0].document.id == "late"
    assert len(execute(database_url, VECTORS)) == 6


async def test_a_collection_does_not_change_to_or_from_a_space_of_its_own(
    database: SingleConnection, changing: ChangingLibrary, changing_embedder: ChangingEmbedder
) -> None:
    with pytest.raises(InvalidRequest):
        await changing.start(EmbeddingSpace(OWN.model, OWN.dimensions))
    own = ChangingLibrary(database, changing_embedder, "posters")
    await own.create(embedding=OWN)
    with pytest.raises(Conflict, match="The vectors of posters come with its documents"):
        await own.start()


async def test_queries_are_embedded_where_the_own_vectors_are_of_the_deployments_model(
    database: SingleConnection, embedder: Embedder
) -> None:
    """Such as documents that were embedded elsewhere, in bulk."""
    library = Library(database, embedder)
    await library.create(embedding=OwnSpace(provider="own", model=MODEL, dimensions=DIMENSIONS))
    texts = {"cats": "Cats purr.", "dogs": "Dogs bark."}
    vectors = await embedder.embed([*texts.values()])
    given = [unit_vector(vector) for vector in vectors]
    await library.upsert(
        a_document("cats", texts["cats"], vector=given[0]), a_document("dogs", texts["dogs"], vector=given[1])
    )
    found = await library.search("felines", mode="semantic")
    assert (found.hits[0].document.id, found.degraded, found.usage.embedded_queries) == ("cats", [], 1)
    assert "<mark>" in (found.hits[0].passages[0].highlight or "")
    asked = await library.search("felines", vector=given[1], mode="semantic")
    assert (asked.hits[0].document.id, asked.usage.embedded_queries) == ("dogs", 0)


async def bundle(library: Library, *, with_vectors: bool = True) -> list[bytes]:
    lines = export_collection(library.database, ADMIN, library.name, with_vectors=with_vectors)
    return [line async for line in lines]


async def restore(
    library: Library, lines: list[bytes], *, merge: bool = False, with_vectors: bool = True
) -> Counter[str]:
    target = BundleTarget(library.name, SPACE, merge=merge, with_vectors=with_vectors)
    header = check_bundle(lines).header
    return await import_bundle(library.database, NullCache(), ADMIN, target, header, lines, lambda _: None)


async def answers(library: Library) -> list[dict[str, Any]]:
    """Of searches near to each of some vectors, without the time they took."""
    found = [
        await library.search("*", vector=unit_vector(vector.tolist()), explain=True)
        for vector in clustered_vectors(5, 24, seed=3)
    ]
    return [answer.model_dump(exclude={"took_ms"}) for answer in found]


async def test_a_bundle_restores_vectors_that_came_with_documents(own: Library) -> None:
    vectors = clustered_vectors(300, 24)
    given = [
        a_document(f"d{number}", "", title=f"Poster {number}", vector=unit_vector((vector * 3).tolist()))
        for number, vector in enumerate(vectors)
    ]
    await own.upsert(*given, a_document("words", "A river."))
    lines = await bundle(own)
    copy = Library(own.database, own.embedder, "copy")
    assert await restore(copy, lines) == Counter(created=301)
    assert await answers(copy) == await answers(own)
    assert (await copy.count()).embedding == OWN
    assert (await copy.count()).pending == 0
    assert await restore(copy, lines, merge=True) == Counter(unchanged=301)
    again = await bundle(copy)
    assert again[1:-1] == lines[1:-1]


async def test_a_bundle_without_vectors_has_documents_without(own: Library) -> None:
    await own.upsert(a_document("a", "A river.", vector=axis(0, 24)))
    copy = Library(own.database, own.embedder, "copy")
    assert await restore(copy, await bundle(own, with_vectors=False)) == Counter(created=1)
    lines = await bundle(own)
    other = Library(own.database, own.embedder, "other")
    assert await restore(other, lines, with_vectors=False) == Counter(created=1)
    for library in (copy, other):
        assert (await library.search("*", vector=axis(0, 24))).hits == []
        assert await library.find("river", mode="keyword") == ["a"]
    # A collection of the deployment's model takes them as its own documents, to embed.
    model = Library(own.database, own.embedder, "model")
    await model.create()
    with pytest.raises(EmbeddingSpaceMismatch):
        await restore(model, lines)
    assert await restore(model, lines, with_vectors=False) == Counter(created=1)
    assert (await model.count()).pending == 1


async def test_a_collection_of_a_model_keeps_both_kinds_of_vectors_in_its_bundle(
    library: Library, database_url: str
) -> None:
    vector = unit_vector([3, 4, *[0] * 382])
    await library.upsert(a_document("given", "A river.", vector=vector), a_document("plain", "A hill."))
    await library.embed()
    lines = await bundle(library)
    copy = Library(library.database, library.embedder, "copy")
    await restore(copy, lines)
    assert jobs(database_url) == {}
    for query in ({"q": "*", "vector": axis(1)}, {"q": "hill", "mode": "semantic"}):
        before, after = await library.search(**query), await copy.search(**query)
        assert [(hit.document.id, hit.score) for hit in before.hits] == [
            (hit.document.id, hit.score) for hit in after.hits
        ]
    counted = await library.count()
    assert (counted.pending, counted.embedding) == (0, None)
