"""What a page of hits is made of: fusion, pins, time budgets, everything, snippets and sentences."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from shared.domain.collection_settings import CollectionSettingsChange
from shared.embeddings.protocol import Purpose, Vector
from shared.errors import CollectionNotFound, EmbeddingSpaceMismatch
from tests.builders.documents import a_document, prose
from tests.builders.embedders import FailingEmbedder, RecordingEmbedder
from tests.builders.library import Library

FUSIONS = ["weighted", "min_max", "rrf"]


@pytest.fixture
async def shelf(library: Library) -> Library:
    randomness = random.Random(7)
    await library.upsert(
        *(a_document(f"d{n:02}", prose(randomness, 30), metadata={"n": n}) for n in range(40))
    )
    await library.embed()
    return library


@pytest.mark.parametrize("fusion", FUSIONS)
async def test_fusions_agree_at_their_ends(shelf: Library, fusion: str) -> None:
    q = "river harbour railway"
    by_words = await shelf.find(q, mode="keyword", limit=5)
    by_meaning = await shelf.find(q, mode="semantic", limit=5)
    assert await shelf.find(q, fusion=fusion, alpha=0, limit=5) == by_words
    assert await shelf.find(q, fusion=fusion, alpha=1, limit=5) == by_meaning
    mixed = await shelf.search(q, fusion=fusion, limit=100, explain=True)
    scores = [hit.score for hit in mixed.hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) <= max(scores) <= 1
    assert {hit.explain.fusion for hit in mixed.hits if hit.explain} == {fusion}


async def test_reciprocal_ranks_are_as_published(shelf: Library) -> None:
    fused = await shelf.search("river harbour railway", fusion="rrf", limit=100, explain=True)
    parts = [(hit.score, hit.explain) for hit in fused.hits if hit.explain]
    by_words = sorted((explain.keyword for _, explain in parts if explain.keyword), reverse=True)
    by_meaning = sorted((explain.semantic for _, explain in parts), reverse=True)
    assert 0 < len(by_words) < len(by_meaning) == 40
    for score, explain in parts:
        places = [by_meaning.index(explain.semantic)]
        places += [by_words.index(explain.keyword)] if explain.keyword else []
        assert score == pytest.approx(sum(61 / 2 / (61 + place) for place in places), abs=1e-6)


async def test_every_document_answers_to_a_star(shelf: Library) -> None:
    found = await shelf.search("*", limit=100)
    assert (len(found.hits), found.found, found.found_exact) == (40, 40, True)
    assert {hit.score for hit in found.hits} == {1.0}
    assert found.usage.embedded_queries == 0
    some = await shelf.search("*", filter="n >= 30", limit=3, offset=6)
    assert ([hit.document.id for hit in some.hits], some.found) == (["d36", "d37", "d38"], 10)
    assert await shelf.find("*", mode="keyword", filter="n = 3") == ["d03"]


async def test_pins_come_first_in_their_order_on_every_page(shelf: Library) -> None:
    plain = await shelf.find("river harbour", mode="keyword", limit=40)
    pinned, hidden = [plain[9], plain[1], "absent"], plain[0]
    await shelf.configure(
        CollectionSettingsChange.model_validate(
            {"pins": [{"query": "river harbour", "match": "exact", "documents": pinned, "hidden": [hidden]}]}
        )
    )
    wanted = [plain[9], plain[1], *(name for name in plain[2:] if name != plain[9])]
    whole = await shelf.search("River  HARBOUR", mode="keyword", limit=40, explain=True)
    assert [hit.document.id for hit in whole.hits] == wanted
    assert [hit.explain.pinned for hit in whole.hits if hit.explain][:3] == [True, True, False]
    paged = [
        name
        for offset in range(0, 40, 3)
        for name in await shelf.find("river harbour", mode="keyword", limit=3, offset=offset)
    ]
    assert paged == wanted
    # A filter keeps what is pinned out, and another query knows nothing of it.
    assert plain[9] not in await shelf.find("river harbour", filter="n < 0 OR n = 1")
    assert await shelf.find("river harbours", mode="keyword", limit=40) == plain
    everything = await shelf.find("river harbour", mode="keyword", min_score=0.999)
    assert everything == [plain[9], plain[1]]


async def test_a_change_of_settings_is_noticed_at_once(shelf: Library) -> None:
    assert await shelf.find("rivulet", mode="keyword", typos=False, prefix=False) == []
    await shelf.configure(CollectionSettingsChange.model_validate({"synonyms": [["rivulet", "river"]]}))
    assert await shelf.find("rivulet", mode="keyword", typos=False, prefix=False) != []
    await shelf.drop()
    with pytest.raises(CollectionNotFound):
        await shelf.search("river")
    await shelf.create()
    assert await shelf.find("river") == []


class SlowEmbedder(RecordingEmbedder):
    """An embedder that takes its time."""

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        await asyncio.sleep(0.3)
        return await super().embed(texts, purpose=purpose)


async def test_a_time_budget_ends_what_takes_too_long(shelf: Library) -> None:
    enough = await shelf.search("river harbour", cutoff_ms=20_000)
    assert (enough.mode, enough.degraded) == ("hybrid", [])
    assert [hit.document.id for hit in enough.hits] == await shelf.find("river harbour")
    slow = await shelf.search("river harbour", cutoff_ms=200, embedder=SlowEmbedder(shelf.embedder))
    assert (slow.mode, slow.degraded) == ("keyword", ["semantic", "cutoff"])
    assert [hit.document.id for hit in slow.hits] == await shelf.find("river harbour", mode="keyword")
    nothing = await shelf.search("river harbour", mode="keyword", cutoff_ms=1)
    assert nothing.degraded == ["cutoff"]
    assert not nothing.found_exact


async def test_the_sentence_nearest_in_meaning_is_marked(library: Library) -> None:
    text = "We met on Tuesday morning. Kittens were asleep on the warm sofa. Taxes will rise next year."
    await library.upsert(a_document("a", text), a_document("b", "A feline."))
    await library.embed()
    found = await library.search("sleeping baby cat", mode="semantic")
    shown = {hit.document.id: hit.passages[0].highlight for hit in found.hits}
    assert shown["a"] == text.replace(
        "Kittens were asleep on the warm sofa.", "<mark>Kittens were asleep on the warm sofa.</mark>"
    )
    (snippet,) = (
        hit.passages[0].snippet
        for hit in (await library.search("sleeping baby cat", mode="semantic", snippet_words=9)).hits
        if hit.document.id == "a"
    )
    assert snippet == "…morning. <mark>Kittens were asleep on the warm sofa.</mark> Taxes…"
    # Words that were found are marked instead.
    by_words = await library.search("sofa taxes", mode="hybrid", limit=1)
    assert by_words.hits[0].passages[0].highlight == text.replace("sofa", "<mark>sofa</mark>").replace(
        "Taxes", "<mark>Taxes</mark>"
    )


async def test_sentences_are_not_marked_where_that_costs_a_call_or_cannot_be(library: Library) -> None:
    await library.upsert(a_document("a", "Kittens sleep. " * 3), a_document("b", ""))
    await library.embed()

    class Remote(RecordingEmbedder):
        @property
        def is_local(self) -> bool:
            return False

    remote = Remote(library.embedder)
    found = await library.search("feline", mode="semantic", embedder=remote)
    assert (found.hits[0].passages[0].highlight or "").count("<mark>") == 0
    assert remote.texts == ["feline"]
    failing = FailingEmbedder(
        library.embedder,
        lambda texts: TimeoutError() if len(texts) > 1 else None,  # type: ignore[arg-type,return-value]
    )
    found = await library.search("feline", mode="semantic", embedder=failing)
    assert (found.hits[0].passages[0].highlight or "").count("<mark>") == 0


async def test_no_more_sentences_are_embedded_than_an_answer_is_worth(library: Library) -> None:
    long = "Kittens are asleep on the sofa. " * 60
    await library.upsert(*(a_document(f"d{n}", long + f"Number {n} is last.") for n in range(6)))
    await library.embed()
    recording = RecordingEmbedder(library.embedder)
    found = await library.search("feline", mode="semantic", passages=3, embedder=recording)
    assert len(found.hits) == 6
    assert 1 < len(recording.texts) <= 97


class OtherModel(RecordingEmbedder):
    """An embedder of another embedding space."""

    @property
    def model(self) -> str:
        return "another model"


async def test_a_vector_of_another_space_is_of_no_use(shelf: Library) -> None:
    other = OtherModel(shelf.embedder)
    found = await shelf.search("river harbour", embedder=other)
    assert (found.mode, found.degraded, found.usage.embedded_queries) == ("keyword", ["semantic"], 0)
    assert [hit.document.id for hit in found.hits] == await shelf.find("river harbour", mode="keyword")
    with pytest.raises(EmbeddingSpaceMismatch):
        await shelf.search("river harbour", mode="semantic", embedder=other)
