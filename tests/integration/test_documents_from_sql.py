"""Documents that a team's own SQL writes in its own transactions."""

from typing import Any

import psycopg
import pytest
from psycopg.rows import TupleRow

from shared.cache.null import NullCache
from shared.domain.document_writes import WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.principals import ADMIN
from shared.services import index_documents
from shared.services.name_collections import set_alias
from tests.builders.documents import a_document, long_document
from tests.builders.embedding_state import assert_vectors_are_right, execute, jobs, sections
from tests.builders.library import Library
from tests.builders.recount import recount, stored_statistics
from tests.builders.sql_writes import assert_consistent, delete, upsert

ROWS = """
SELECT d.id, d.title, d.body, d.url, d.metadata, d.content_hash, d.text_hash, k.chunks
FROM concord.document d
JOIN concord.collection c ON c.id = d.collection_id
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_array(
               k.ordinal, k.span_start, k.span_end, k.page, k.heading_path, k.embedded_hash, e.vector::text, (
                   SELECT json_object_agg(t.term, o.count ORDER BY t.term)
                   FROM unnest(k.term_ids, k.term_counts) AS o (id, count)
                   JOIN concord.keyword_term t ON t.collection_id = c.id AND t.id = o.id
               )) ORDER BY k.ordinal) AS chunks
    FROM concord.chunk k
    LEFT JOIN concord.embedding e ON e.collection_id = k.collection_id AND e.chunk_id = k.id
    WHERE k.collection_id = d.collection_id AND k.document_number = d.number
) k
WHERE c.name = %s ORDER BY d.id
"""
BLOCKS = """
SELECT t.term, b.posting_count, b.best_impact, b.frequencies, b.lengths, b.title_frequencies
FROM concord.collection c
JOIN concord.keyword_term t ON t.collection_id = c.id
JOIN concord.keyword_block b ON b.collection_id = c.id AND b.term_id = t.id
WHERE c.name = %s ORDER BY t.term, b.block
"""
WORDS = """
SELECT w.word, w.letters, w.occurrences
FROM concord.keyword_word w JOIN concord.collection c ON c.id = w.collection_id
WHERE c.name = %s ORDER BY w.word
"""
GUIDE = DocumentInput(
    id="guide",
    title='A "guide" to rivers',
    body="\n\n".join(sections(5)),
    url="https://example.com/guide",
    metadata={"year": 2026, "tags": ["é", "b"], "size": 1.50, "more": {"z": None, "a": [True, 1e-7]}},
)


def stored_rows(database_url: str, name: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute(ROWS.encode(), [name]).fetchall()


async def test_a_document_is_found_by_word_when_the_transaction_commits(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    document = a_document(
        "a", "Lanterns light the harbour at night.", title="Harbour", metadata={"year": 2026}
    )
    assert upsert(app, document) == "created"
    assert await library.find("lantern", mode="keyword") == []
    app.commit()
    found = await library.search("lantern", mode="keyword", filter="year = 2026", facets=["year"])
    assert [hit.document.id for hit in found.hits] == ["a"]
    assert found.hits[0].passages[0].text == document.body
    assert found.facets is not None
    assert found.facets["year"]["values"] == [{"value": 2026, "count": 1}]
    assert await library.find('"light the harbour"', mode="keyword") == ["a"]
    assert await library.find("lanternz", mode="keyword") == ["a"]
    assert await library.find("lant", mode="keyword", prefix=True) == ["a"]
    stored = await library.get("a")
    assert (stored.embedding_state, stored.metadata) == ("pending", {"year": 2026})
    counted = await library.count()
    assert (counted.documents, counted.chunks, counted.pending) == (1, 1, 1)
    assert_consistent(database_url)


async def test_nothing_is_left_of_a_transaction_that_is_rolled_back(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    await library.upsert(a_document("b", "A violin."))
    upsert(app, a_document("a", "Lanterns light the harbour."))
    assert delete(app, "b")
    app.rollback()
    assert await library.find("lantern", mode="keyword") == []
    assert await library.find("violin", mode="keyword") == ["b"]
    assert list(jobs(database_url)) == ["b"]
    assert_consistent(database_url)


@pytest.mark.parametrize(
    "document", [GUIDE, a_document("short", "Some text."), a_document("titled", "", title="T")]
)
async def test_after_the_worker_it_is_as_if_it_had_come_through_the_api(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str, document: DocumentInput
) -> None:
    other = Library(library.database, library.embedder, "other")
    await other.create()
    await other.upsert(document)
    upsert(app, document)
    app.commit()
    written = await library.get(document.id)
    await library.embed()
    assert stored_rows(database_url, "library") == stored_rows(database_url, "other")
    assert (await library.get(document.id)).updated_at == written.updated_at
    assert jobs(database_url) == {}
    assert_consistent(database_url)
    await assert_vectors_are_right(database_url, library.embedder)
    # Both ways: whichever writes it again writes nothing.
    assert upsert(app, document) == "unchanged"
    app.commit()
    assert await library.upsert(document) == {document.id: WriteStatus.UNCHANGED}
    assert upsert(app, document, "other") == "unchanged"
    assert (await library.embed()).ready == 0


async def test_a_short_document_stands_in_the_index_as_one_from_the_api_does(
    app: psycopg.Connection[TupleRow], library: Library
) -> None:
    other = Library(library.database, library.embedder, "other")
    await other.create()
    for document in (
        a_document(
            "a", "Rivers run. A river of Köln, 東京 and <b>tags</b> at x.example.", title="River Köln"
        ),
        a_document("b", "Another river, another text.", title="River, again"),
    ):
        await other.upsert(document)
        upsert(app, document)
    app.commit()
    for query in (BLOCKS, WORDS):
        mine = app.execute(query.encode(), ["library"]).fetchall()
        assert mine
        assert mine == app.execute(query.encode(), ["other"]).fetchall()


async def test_the_same_again_changes_nothing_before_the_worker_comes_either(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    assert upsert(app, GUIDE) == "created"
    app.commit()
    assert upsert(app, GUIDE) == "unchanged"
    app.commit()
    assert await library.upsert(GUIDE) == {"guide": WriteStatus.UNCHANGED}
    await library.embed()
    await assert_vectors_are_right(database_url, library.embedder)


async def test_an_update_replaces_the_text(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    await library.upsert(
        a_document("a", "Violins are played.", metadata={"n": 1}), a_document("b", "Copper.")
    )
    await library.embed()
    assert upsert(app, a_document("a", "Glaciers melt.")) == "updated"
    app.commit()
    assert await library.find("violin", mode="keyword", typos=False) == []
    assert await library.find("glacier", mode="keyword") == ["a"]
    assert (await library.get("a")).page_starts == []
    assert_consistent(database_url)
    assert execute(database_url, "SELECT count(*) FROM concord.embedding") == [(1,)]
    await library.embed()
    await assert_vectors_are_right(database_url, library.embedder)
    assert_consistent(database_url)
    assert (await library.maintain()).complete
    assert_consistent(database_url)


async def test_a_change_of_metadata_alone_touches_no_text(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    await library.upsert(a_document("a", "Violins are played.", metadata={"n": 1}))
    await library.embed()
    changed = a_document("a", "Violins are played.", url="https://example.com", metadata={"m": 2})
    assert upsert(app, changed) == "updated"
    app.commit()
    assert (await library.get("a")).embedding_state == "ready"
    assert await library.find("violin", mode="keyword", filter="m = 2") == ["a"]
    assert await library.upsert(changed) == {"a": WriteStatus.UNCHANGED}
    await assert_vectors_are_right(database_url, library.embedder)


async def test_a_document_is_deleted(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    await library.upsert(a_document("a", "Violins are played."), a_document("b", "Copper."))
    await library.embed()
    upsert(app, a_document("c", "Glaciers melt."))
    assert [delete(app, name) for name in ("a", "c", "c", "never")] == [True, True, False, False]
    app.commit()
    assert await library.find("violin glacier", mode="keyword", typos=False) == []
    assert_consistent(database_url)
    assert jobs(database_url) == {}
    await assert_vectors_are_right(database_url, library.embedder)


@pytest.mark.parametrize("document", [a_document("a", " \n"), a_document("a", "", title=" ")])
async def test_a_document_without_words_is_ready(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str, document: DocumentInput
) -> None:
    upsert(app, a_document("a", "Words."))
    assert upsert(app, document) == "updated"
    app.commit()
    assert (await library.get("a")).embedding_state == "ready"
    assert execute(database_url, "SELECT count(*) FROM concord.chunk") == [(0,)]
    assert_consistent(database_url)


async def test_a_body_that_only_python_takes_for_blank_ends_without_passages(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    upsert(app, a_document("a", "\u2003"))
    app.commit()
    await library.embed()
    assert execute(database_url, "SELECT count(*) FROM concord.chunk") == [(0,)]
    assert jobs(database_url) == {}


async def test_passages_for_the_time_being_cover_a_long_body(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    words = long_document(120_000, "quokka")
    upsert(app, a_document("words", words))
    upsert(app, a_document("none", "ä" * 2_500))
    app.commit()
    spans = execute(
        database_url,
        "SELECT span_start, span_end FROM concord.chunk WHERE document_number = 1 ORDER BY ordinal",
    )
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == len(words)
    assert max(end - start for start, end in spans) <= 1_000
    assert {words[end - 1].isspace() for _, end in spans[:-1]} == {True}
    found = await library.search("quokka", mode="keyword")
    assert found.hits[0].passages[0].text.endswith("The very last word is quokka.")
    ends = execute(
        database_url, "SELECT span_end FROM concord.chunk WHERE document_number = 2 ORDER BY ordinal"
    )
    assert ends == [(1_000,), (2_000,), (2_500,)]


async def test_documents_of_several_collections_are_chunked_in_one_run(
    app: psycopg.Connection[TupleRow],
    library: Library,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index_documents, "CHARACTERS_PER_UNIT", 6_000)
    other = Library(library.database, library.embedder, "other")
    await other.create()
    body = long_document(4_000, "quokka")
    for name, id in (("library", "a"), ("other", "b"), ("other", "c")):  # noqa: A001 - its field's name
        upsert(app, a_document(id, body), name)
    app.commit()
    assert (await library.embed()).ready == 3
    await assert_vectors_are_right(database_url, library.embedder)
    for name in ("library", "other"):
        assert stored_statistics(database_url, name) == recount(database_url, name)


async def test_a_failed_embedding_has_a_new_start_when_the_document_is_written_again(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    document = a_document("a", "Violins are played.")
    upsert(app, document)
    app.commit()
    execute(database_url, "UPDATE concord.embedding_job SET state = 'failed', error = 'Refused.'")
    assert upsert(app, document) == "unchanged"
    app.commit()
    assert (jobs(database_url)["a"].state, jobs(database_url)["a"].error) == ("pending", None)
    assert (await library.embed()).ready == 1


async def test_a_document_is_chunked_as_its_collection_chooses(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str
) -> None:
    upsert(app, GUIDE)
    app.commit()
    await library.embed()
    assert (await library.count()).chunks > 1
    app.execute("UPDATE concord.collection SET chunking = 'whole'")
    assert upsert(app, GUIDE) == "updated"
    app.commit()
    await library.embed()
    assert (await library.count()).chunks == 1
    assert await library.upsert(GUIDE) == {"guide": WriteStatus.UNCHANGED}
    assert_consistent(database_url)


@pytest.mark.parametrize("template", [["metadata.year", "title", "text"], ["text", "title"]])
async def test_a_template_is_obeyed(
    app: psycopg.Connection[TupleRow], library: Library, database_url: str, template: list[str]
) -> None:
    """The hashes of what it puts together are the worker's to make."""
    other = Library(library.database, library.embedder, "other")
    await other.create()
    app.execute("UPDATE concord.collection SET embedding_template = %s", [template])
    app.commit()
    changed = GUIDE.model_copy(update={"metadata": {"year": 2027}})
    for document, outcome in ((GUIDE, "created"), (changed, "updated")):
        assert [upsert(app, document), upsert(app, document)] == [outcome, "unchanged"]
        app.commit()
        await library.embed()
        await other.upsert(document)
        await other.embed()
        if template[0] != "text":
            assert stored_rows(database_url, "library") == stored_rows(database_url, "other")
            assert await library.upsert(document) == {"guide": WriteStatus.UNCHANGED}
        assert upsert(app, document) == "unchanged"
        app.commit()
    assert_consistent(database_url)


async def test_an_alias_is_written_to_as_well(library: Library, app: psycopg.Connection[TupleRow]) -> None:
    await set_alias(library.database, NullCache(), ADMIN, "books", library.name)
    app.execute("SELECT concord.upsert_document('books', 'river', 'A river', 'It flows.')")
    app.commit()
    assert await library.find("flows", mode="keyword") == ["river"]
