"""A live collection changes its embedding model: nothing is missed or made twice, all can be undone."""

import asyncio
import time

import psycopg
import pytest

from shared.config import ConfigurationError, EmbeddingSettings
from shared.database.connections import SingleConnection
from shared.domain import ranking
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import WORKER
from shared.embeddings.model_change import ChangingEmbedder
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from shared.errors import (
    CollectionNotFound,
    Conflict,
    EmbedderRejected,
    EmbedderUnavailable,
    EmbeddingSpaceMismatch,
    InvalidRequest,
    NotFound,
)
from shared.services import clean_space
from shared.services.backfill_embeddings import BackfillRun
from tests.builders.changing_library import NEW, OLD, ChangingLibrary, changing_settings
from tests.builders.claims import pool
from tests.builders.documents import a_document
from tests.builders.embedders import FailingEmbedder, HeldEmbedder, RecordingEmbedder
from tests.builders.embedding_state import execute
from tests.builders.sql_writes import upsert

VECTORS = """
    SELECT s.model, count(*) FROM concord.embedding e JOIN concord.embedding_space s ON s.id = e.space_id
    GROUP BY s.model ORDER BY s.model
"""


@pytest.fixture
async def library(database: SingleConnection, changing_embedder: ChangingEmbedder) -> ChangingLibrary:
    """Three documents with vectors of the old model."""
    created = ChangingLibrary(database, changing_embedder)
    await created.create()
    await created.upsert(*(a_document(name, f"A {name} in spring.") for name in ("river", "hill", "oak")))
    await created.embed()
    return created


def recording(embedder: Embedder) -> tuple[ChangingEmbedder, RecordingEmbedder, RecordingEmbedder]:
    assert isinstance(embedder, ChangingEmbedder)
    present, coming = RecordingEmbedder(embedder.present), RecordingEmbedder(embedder.coming)
    return ChangingEmbedder(present, coming), present, coming


async def test_a_change_is_made_served_undone_and_cleaned_up(
    database_url: str, library: ChangingLibrary
) -> None:
    started = await library.start()
    assert (started.state, started.chunks, started.new_vectors) == ("backfilling", 3, 0)
    with pytest.raises(Conflict, match="not complete"):
        await library.switch()
    old = await library.search("a stream", mode="semantic")
    assert await library.backfill() == 3
    complete = await library.status()
    assert (complete.state, complete.new_vectors, complete.waiting) == ("complete", 3, 0)
    assert execute(database_url, VECTORS) == [(OLD.model, 3), (NEW.model, 3)]

    # The old space serves until the switch; the other can be searched, to compare.
    other = await library.search("a stream", mode="semantic", space="other")
    assert (await library.search("a stream", mode="semantic")).hits[0].score == old.hits[0].score
    assert other.hits[0].document.id == old.hits[0].document.id == "river"
    assert other.hits[0].score != old.hits[0].score

    switched = await library.switch()
    assert (switched.state, switched.serving_model) == ("switched", NEW.model)
    new = await library.search("a stream", mode="semantic")
    assert (new.hits[0].score, new.degraded) == (other.hits[0].score, [])
    assert (await library.count()).model == NEW.model
    assert (await library.switch()).state == "switched"

    back = await library.switch(to_new=False)
    assert (back.state, back.serving_model) == ("rolled_back", OLD.model)
    assert (await library.search("a stream", mode="semantic")).hits[0].score == old.hits[0].score
    assert (await library.switch(to_new=False)).state == "rolled_back"

    await library.switch()
    cleaned = await library.clean()
    assert (cleaned.state, cleaned.serving_model, cleaned.old_vectors) == ("cleaned", NEW.model, 0)
    assert execute(database_url, VECTORS) == [(NEW.model, 3)]
    with pytest.raises(NotFound):
        await library.switch(to_new=False)
    with pytest.raises(NotFound):
        await library.search("a stream", space="other")


async def test_writes_during_a_change_get_vectors_in_both_spaces(
    database_url: str, library: ChangingLibrary
) -> None:
    await library.start()
    await library.upsert(a_document("sea", "A sea in spring."), a_document("oak", "An oak in autumn."))
    await library.delete("hill")
    embedder, present, coming = recording(library.embedder)
    assert await library.backfill(embedder) == 3
    # The document that was there needs one vector, the two that were written need both.
    assert (len(present.texts), len(coming.texts)) == (2, 3)
    assert (await library.status()).state == "complete"
    assert execute(database_url, VECTORS) == [(OLD.model, 3), (NEW.model, 3)]

    await library.switch()
    await library.upsert(a_document("river", "A river in winter."))
    await library.embed()
    assert await library.find("frozen water", mode="semantic", limit=1) == ["river"]
    await library.backfill()
    await library.switch(to_new=False)
    assert await library.find("frozen water", mode="semantic", limit=1) == ["river"]
    assert execute(database_url, VECTORS) == [(OLD.model, 3), (NEW.model, 3)]


async def test_documents_that_sql_writes_during_a_change_get_vectors_in_both_spaces(
    database_url: str, library: ChangingLibrary
) -> None:
    await library.start()
    with psycopg.connect(database_url) as app:
        upsert(app, a_document("sea", "A sea in spring."))
        upsert(app, a_document("oak", "An oak in autumn."))
    embedder, present, coming = recording(library.embedder)
    assert await library.backfill(embedder) == 4
    assert (len(present.texts), len(coming.texts)) == (2, 4)
    assert (await library.status()).state == "complete"
    assert execute(database_url, VECTORS) == [(OLD.model, 4), (NEW.model, 4)]


async def test_a_model_without_texts_is_not_called(library: ChangingLibrary) -> None:
    embedder, present, coming = recording(library.embedder)
    await library.upsert(a_document("sea", "A sea in spring."))
    await library.embed(embedder)
    assert (present.calls, coming.calls) == (1, 0)
    await library.start()
    await library.backfill(embedder)
    assert (present.calls, coming.calls) == (1, 1)


async def test_a_switch_waits_for_documents_written_lately(library: ChangingLibrary) -> None:
    await library.start()
    await library.backfill()
    await library.upsert(a_document("sea", "A sea."))
    await library.embed()
    with pytest.raises(Conflict, match="1 documents written lately"):
        await library.switch()
    assert await library.backfill() == 1
    assert (await library.switch()).state == "switched"


async def test_what_a_worker_was_at_when_the_change_began_is_not_missed(
    database_url: str, library: ChangingLibrary
) -> None:
    """Its vectors stand without a note, as if its transaction had begun before the change did."""
    await library.start()
    execute(database_url, "UPDATE concord.embedding_change SET reached_number = last_number")
    assert await library.backfill() == 3
    assert (await library.status()).state == "complete"
    execute(database_url, "DELETE FROM concord.embedding e USING concord.embedding_change x"
            " WHERE e.space_id = x.new_space_id AND e.document_number = 1")  # fmt: skip
    with pytest.raises(Conflict):
        await library.switch()
    assert await library.backfill() == 1
    assert (await library.switch()).state == "switched"


async def test_a_search_with_an_old_memory_embeds_its_query_anew(
    database_url: str, library: ChangingLibrary
) -> None:
    """Another process has switched: what this one remembers is told to be old by the statement."""
    await library.start()
    await library.backfill()
    embedder, present, coming = recording(library.embedder)
    await library.search("a stream", mode="semantic", embedder=embedder, highlight=False)
    async with pool(database_url) as connections:
        await ChangingLibrary(connections, library.embedder).switch()
    found = await library.search("a stream", mode="semantic", embedder=embedder, highlight=False)
    assert (found.degraded, present.texts, coming.texts) == ([], ["a stream"] * 2, ["a stream"])


async def test_a_collection_of_neither_model_is_searched_by_words(
    library: ChangingLibrary, changing_embedder: ChangingEmbedder
) -> None:
    found = await library.search("river", embedder=changing_embedder.coming)
    assert (found.degraded, found.mode) == (["semantic"], "keyword")
    with pytest.raises(EmbeddingSpaceMismatch):
        await library.search("river", mode="semantic", embedder=changing_embedder.coming)


async def test_a_collection_whose_model_is_gone_changes_to_one_that_is_there(
    library: ChangingLibrary, changing_embedder: ChangingEmbedder
) -> None:
    later = ChangingLibrary(library.database, changing_embedder.coming)
    await later.upsert(a_document("sea", "A sea."))
    await later.embed()
    assert (await later.get("sea")).embedding_state == "failed"
    await later.start()
    assert await later.backfill() == 3
    await later.switch()
    assert await later.find("a stream", mode="semantic", limit=1) == ["river"]


async def test_workers_embed_nothing_twice(
    database_url: str, changing_embedder: ChangingEmbedder, library: ChangingLibrary
) -> None:
    documents = [a_document(f"d{number}", f"Text of number {number}.") for number in range(400)]
    await library.upsert(*documents)
    await library.embed()
    await library.start()
    embedder, _, coming = recording(changing_embedder)
    async with pool(database_url) as connections:
        workers = [ChangingLibrary(connections, embedder) for _ in range(10)]
        chunks = await asyncio.gather(*(worker.backfill() for worker in workers))
    assert (sum(chunks), len(coming.texts), len(set(coming.texts))) == (403, 403, 403)
    assert sum(1 for count in chunks if count) > 1
    await library.backfill()
    assert (await library.status()).state == "complete"


async def test_a_rate_is_kept(library: ChangingLibrary) -> None:
    await library.start(rate=0.1)
    # One document is taken at once; the next would have to wait for longer than there is time.
    assert await library.backfill(seconds=5) == 1
    assert await library.backfill(seconds=5) == 0
    assert (await library.status()).unread == 2
    # Asked again, the change goes on at another rate: one every tenth of a second.
    assert (await library.start(rate=10)).rate == 10
    assert await library.backfill(seconds=30) == 2
    assert (await library.status()).state == "complete"


async def test_a_text_that_the_new_model_refuses_fails_alone(library: ChangingLibrary) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)
    refusing = FailingEmbedder(
        library.embedder.coming,
        lambda texts: EmbedderRejected("No.") if any("hill" in text for text in texts) else None,
    )
    await library.start()
    assert await library.backfill(ChangingEmbedder(library.embedder.present, refusing)) == 2
    status = await library.status()
    assert (status.state, status.failed, status.error) == ("complete", 1, "No.")
    # Written again, it has another try.
    await library.upsert(a_document("hill", "A mound."))
    await library.embed()
    assert await library.backfill() == 1
    assert (await library.status()).failed == 0


async def test_an_outage_gives_documents_back(library: ChangingLibrary) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)
    down = FailingEmbedder(library.embedder.coming, lambda _: EmbedderUnavailable())
    await library.start()
    for _ in range(7):
        with pytest.raises(EmbedderUnavailable):
            await library.backfill(ChangingEmbedder(library.embedder.present, down))
    status = await library.status()
    assert (status.state, status.waiting, status.failed) == ("backfilling", 3, 0)
    assert await library.backfill() == 3


async def test_an_outage_among_single_documents_gives_the_others_back(library: ChangingLibrary) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)

    def fail(texts: object) -> EmbedderRejected | EmbedderUnavailable:
        return EmbedderRejected() if isinstance(texts, list) and len(texts) > 1 else EmbedderUnavailable()

    failing = FailingEmbedder(library.embedder.coming, fail)
    await library.start()
    with pytest.raises(EmbedderUnavailable):
        await library.backfill(ChangingEmbedder(library.embedder.present, failing))
    assert await library.backfill() == 3


async def test_a_worker_that_is_stopped_gives_documents_back(library: ChangingLibrary) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)
    held = HeldEmbedder(library.embedder.coming)
    await library.start()
    run = asyncio.create_task(library.backfill(ChangingEmbedder(library.embedder.present, held)))
    await held.asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await library.backfill() == 3


async def test_a_document_written_while_a_worker_is_at_it_is_looked_at_again(
    database_url: str, library: ChangingLibrary
) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)
    held = HeldEmbedder(library.embedder.coming)
    await library.start()
    async with pool(database_url) as connections:
        other = ChangingLibrary(connections, library.embedder)
        run = asyncio.create_task(other.backfill(ChangingEmbedder(library.embedder.present, held)))
        await held.asked.wait()
        await library.upsert(a_document("oak", "An oak in autumn."))
        await library.embed()
        held.may_answer.set()
        # The text that is gone was embedded for nothing, and the one written meanwhile after it.
        assert await run == 4
    assert (await library.status()).state == "complete"
    assert execute(database_url, VECTORS) == [(OLD.model, 3), (NEW.model, 3)]


async def test_a_long_document_is_backfilled_in_steps(library: ChangingLibrary) -> None:
    sections = "\n\n".join(f"# Part {number}\n\nAbout the number {number}." for number in range(300))
    await library.upsert(a_document("long", sections))
    await library.embed()
    await library.start()
    assert isinstance(library.embedder, ChangingEmbedder)
    held = HeldEmbedder(library.embedder.coming)
    run = asyncio.create_task(library.backfill(ChangingEmbedder(library.embedder.present, held), seconds=0.5))
    await held.asked.wait()
    await asyncio.sleep(0.6)
    held.may_answer.set()
    done = await run
    assert 0 < done < 303
    assert done + await library.backfill() == 303
    assert (await library.status()).state == "complete"


async def test_a_change_that_does_not_make_sense_is_refused(library: ChangingLibrary) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await library.start(EmbeddingSpace("another", 384))
    assert "EMBEDDING_NEXT_MODEL" in refused.value.details[0]["message"]
    with pytest.raises(InvalidRequest) as refused:
        await library.start(OLD)
    assert "already" in refused.value.details[0]["message"]
    with pytest.raises(NotFound):
        await library.clean()
    await library.start()
    await library.backfill()
    await library.switch()
    with pytest.raises(Conflict, match="clean it up first"):
        await library.start(OLD)


async def test_a_change_that_is_given_up_leaves_the_old_space(
    database_url: str, library: ChangingLibrary
) -> None:
    await library.start()
    await library.backfill()
    assert (await library.clean()).state == "cleaned"
    assert execute(database_url, VECTORS) == [(OLD.model, 3)]
    # And can be begun anew.
    await library.start()
    assert await library.backfill() == 3


async def test_maintenance_deletes_what_there_was_no_time_for(
    database_url: str, library: ChangingLibrary
) -> None:
    await library.start()
    await library.backfill()
    await library.switch()
    assert (await library.clean(seconds=-1)).state == "cleaning"
    assert not (await library.maintain(seconds=-1)).complete
    assert (await library.maintain()).complete
    assert (await library.status()).state == "cleaned"
    assert execute(database_url, VECTORS) == [(NEW.model, 3)]


async def test_a_deleted_collection_takes_its_change_along(
    database_url: str, library: ChangingLibrary
) -> None:
    await library.start()
    await library.backfill()
    await library.drop()
    assert (await library.maintain()).complete
    assert execute(database_url, VECTORS) == []
    assert execute(database_url, "SELECT count(*) FROM concord.embedding_change") == [(0,)]


async def test_a_switch_waits_for_the_index_that_searches_have(
    library: ChangingLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "EXACT_CHUNKS", 0)
    assert (await library.maintain()).indexed_collections == 1
    await library.start()
    await library.backfill()
    with pytest.raises(Conflict, match="no index yet"):
        await library.switch()
    assert (await library.maintain()).indexed_collections == 1
    await library.switch()
    assert await library.find("a stream", mode="semantic", limit=1) == ["river"]
    assert (await library.clean()).state == "cleaned"


async def test_a_sweep_after_messages_tells_what_it_meets(
    library: ChangingLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    assert isinstance(library.embedder, ChangingEmbedder)
    down = FailingEmbedder(library.embedder.coming, lambda _: EmbedderUnavailable())
    await library.start()
    embedder = ChangingEmbedder(library.embedder.present, down)
    run = BackfillRun(
        library.database, embedder, WORKER, library.worker(embedder), deadline=time.monotonic() + 60
    )
    await run.embed_rest()
    assert (run.chunks, (await library.status()).waiting) == (0, 3)
    assert "sweep_failed" in caplog.text


async def test_both_embedders_are_closed_together(embedder: Embedder) -> None:
    pair = ChangingEmbedder(RecordingEmbedder(embedder), RecordingEmbedder(embedder))
    assert (pair.model, pair.dimensions, pair.is_local) == (OLD.model, OLD.dimensions, True)
    assert await pair.embed(["A river."]) == await embedder.embed(["A river."])
    await pair.aclose()


def test_a_deployment_has_two_models_or_one() -> None:
    with pytest.raises(ConfigurationError, match="EMBEDDING_NEXT_MODEL: it is EMBEDDING_MODEL"):
        open_embedder(changing_settings(embedding_next_model=OLD.model))
    with pytest.raises(ValueError, match="EMBEDDING_NEXT_PROVIDER, _MODEL and _DIMENSIONS together"):
        EmbeddingSettings(embedding_next_model="another")


async def test_vectors_are_deleted_in_short_units(
    database_url: str, library: ChangingLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_space, "VECTORS_PER_UNIT", 2)
    await library.start()
    await library.backfill()
    assert (await library.clean()).state == "cleaned"
    assert execute(database_url, VECTORS) == [(OLD.model, 3)]


async def test_a_collection_that_is_not_there(database: SingleConnection, library: ChangingLibrary) -> None:
    with pytest.raises(CollectionNotFound):
        await ChangingLibrary(database, library.embedder, "none").status()
