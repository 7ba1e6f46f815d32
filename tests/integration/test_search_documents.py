"""Searches over real words and real vectors."""

import random
from typing import Any

import pytest

from shared.domain.search import SearchResponse
from shared.errors import EmbedderRejected, EmbedderUnavailable
from tests.builders.documents import a_document, prose
from tests.builders.embedders import FailingEmbedder
from tests.builders.library import Library

MODES = ["keyword", "semantic", "hybrid"]
ARTICLES = {
    "cats": "Cats are small carnivorous mammals that purr and hunt mice.",
    "dogs": "Dogs are loyal animals that bark at strangers.",
    "stars": "Stars are luminous spheres of plasma held together by gravity.",
    "bread": "Bread is baked from flour, water and yeast.",
}


def ids(found: SearchResponse) -> list[str | None]:
    return [hit.document.id for hit in found.hits]


@pytest.fixture
async def articles(library: Library) -> Library:
    """A few short texts with their vectors."""
    await library.upsert(*(a_document(name, text) for name, text in ARTICLES.items()))
    await library.embed()
    return library


@pytest.fixture
async def shelf(library: Library) -> Library:
    """Sixty texts of like words, some of them the same, with their vectors."""
    randomness = random.Random(3)
    texts = [prose(randomness, 25) for _ in range(40)] + ["The river and the harbour."] * 20
    await library.upsert(*(a_document(f"d{number:02}", text) for number, text in enumerate(texts)))
    await library.embed()
    return library


async def test_words_find_what_has_them(articles: Library) -> None:
    found = await articles.search("barking", mode="keyword", explain=True)
    assert ids(found) == ["dogs"]
    assert (found.found, found.found_exact, found.usage.embedded_queries) == (1, True, 0)
    (hit,) = found.hits
    assert hit.explain is not None
    assert hit.explain.model_dump() == {
        "keyword": hit.explain.keyword,
        "semantic": 0.0,
        "alpha": 0.0,
        "feedback": 0.0,
        "near_best": 0.0,
        "fusion": "weighted",
        "pinned": False,
        "vector_scan": "none",
        "keyword_scan": "complete",
    }
    assert hit.score == pytest.approx(hit.explain.keyword, abs=1e-6)
    assert ids(await articles.search("unheard of", mode="keyword")) == []


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
async def test_meaning_finds_what_has_none_of_the_words(articles: Library, mode: str) -> None:
    for q, best in (("feline pets", "cats"), ("astronomy", "stars"), ("loaf from an oven", "bread")):
        found = await articles.search(q, mode=mode)
        assert ids(found)[0] == best
        assert (found.found_exact, found.usage.embedded_queries) == (False, 1)
        assert found.found >= len(found.hits)


async def test_a_hybrid_score_mixes_both(articles: Library) -> None:
    for alpha in (0.0, 0.25, 0.5, 1.0):
        found = await articles.search("which animals purr", alpha=alpha, explain=True)
        best = 0.0
        for hit in found.hits:
            explain = hit.explain
            assert explain is not None
            # The share of meaning moves towards the ranking whose best stand out, unless it is all or none.
            assert explain.alpha == alpha if alpha in {0, 1} else abs(explain.alpha - alpha) < alpha / 2
            assert (explain.feedback > 0) is (0 < alpha < 1)
            first = explain.alpha * explain.semantic + (1 - explain.alpha) * explain.keyword
            best = best or first
            likeness = explain.feedback * best * explain.near_best
            assert hit.score == pytest.approx((1 - explain.feedback) * first + likeness, abs=2e-6)
            assert 0 <= hit.score <= 1
        scores = [hit.score for hit in found.hits]
        assert scores == sorted(scores, reverse=True)
    # Every candidate has both of its scores, whichever ranking proposed it.
    found = await articles.search("which animals purr", explain=True)
    dogs = next(hit for hit in found.hits if hit.document.id == "dogs")
    assert dogs.explain is not None
    assert min(dogs.explain.semantic, dogs.explain.keyword) > 0


async def test_stop_words_say_nothing_but_may_mean_something(articles: Library) -> None:
    assert ids(await articles.search("the and of", mode="keyword")) == []
    found = await articles.search("who is there", explain=True)
    assert found.mode == "hybrid"
    assert {hit.explain.alpha for hit in found.hits if hit.explain} <= {1.0}


@pytest.mark.parametrize("error", [EmbedderUnavailable(), EmbedderRejected()])
async def test_words_answer_while_the_embedder_does_not(articles: Library, error: Any) -> None:
    down = FailingEmbedder(articles.embedder, lambda _: error)
    found = await articles.search("barking", embedder=down)
    assert (ids(found), found.mode, found.degraded) == (["dogs"], "keyword", ["semantic"])
    assert (found.found, found.found_exact, found.usage.embedded_queries) == (1, True, 0)
    found = await articles.search("barking", mode="keyword", embedder=down)
    assert (ids(found), found.mode, found.degraded) == (["dogs"], "keyword", [])


async def test_documents_not_yet_embedded_are_found_by_words(articles: Library) -> None:
    await articles.upsert(a_document("new", "A zeppelin is a rigid airship."))
    assert ids(await articles.search("zeppelin"))[0] == "new"
    assert "new" not in ids(await articles.search("zeppelin", mode="semantic"))


async def test_a_document_is_one_hit_with_its_best_passages(library: Library) -> None:
    randomness = random.Random(5)
    parts = [f"# Part {number}\n\n{prose(randomness, 100)}" for number in range(6)]
    parts[4] += " Zanzibar zanzibar."
    parts[1] += " Zanzibar \U0001f680 \u00e9t\u00e9."
    body = "\U0001f600\n\n" + "\n\n".join(parts)
    await library.upsert(a_document("long", body), a_document("short", "Nothing of it."))
    await library.embed()
    for mode in MODES:
        found = await library.search("zanzibar", mode=mode, passages=3)
        hit = found.hits[0]
        assert hit.document.id == "long"
        assert len(hit.passages) == 3
        for passage in hit.passages:
            assert passage.text == body[passage.start : passage.end]
            assert passage.text == passage.text.strip()
            assert 0 <= passage.score <= 1
        scores = [passage.score for passage in hit.passages]
        assert scores == sorted(scores, reverse=True)
        assert len({passage.start for passage in hit.passages}) == 3
    found = await library.search("zanzibar", mode="keyword", passages=2)
    assert [passage.heading for passage in found.hits[0].passages] == ["Part 4", "Part 1"]
    assert (await library.search("zanzibar", passages=0)).hits[0].passages == []
    assert len((await library.search("zanzibar", passages=10)).hits[0].passages) >= 6


async def test_a_document_without_a_body_is_found_by_its_title(library: Library) -> None:
    await library.upsert(
        a_document("a", "", title="Zanzibar"), a_document("b", "Island.", title="Madagascar")
    )
    await library.embed()
    for mode in MODES:
        hit = (await library.search("zanzibar", mode=mode)).hits[0]
        assert hit.document.id == "a"
        assert [(passage.text, passage.start, passage.end) for passage in hit.passages] == [("", 0, 0)]


@pytest.mark.parametrize(
    ("body", "q", "highlight"),
    [
        ("Cats sit.", "cat", "<mark>Cats</mark> sit."),
        (
            "<b>Cats</b> & \"dogs\" 'run'",
            "cat running",
            "&lt;b&gt;<mark>Cats</mark>&lt;/b&gt; &amp; &quot;dogs&quot; &#x27;<mark>run</mark>&#x27;",
        ),
        (
            "<script>cats()</script> \x02x\x03 cats",
            "cat",
            "&lt;script&gt;<mark>cats</mark>()&lt;/script&gt; x <mark>cats</mark>",
        ),
        ("Concatenate cats; scatter.", "cat", "Concatenate <mark>cats</mark>; scatter."),
        ("Kittens & cats.", "feline", "<mark>Kittens &amp; cats.</mark>"),
        ("<i>Kittens</i> and cats.", "feline", "<mark>&lt;i&gt;Kittens&lt;/i&gt; and cats.</mark>"),
    ],
)
async def test_highlights_are_safe_to_show(library: Library, body: str, q: str, highlight: str) -> None:
    await library.upsert(a_document("a", body), a_document("b", "feline"))
    await library.embed()
    found = await library.search(q)
    shown = {hit.document.id: hit.passages[0].highlight for hit in found.hits}
    assert shown["a"] == highlight
    off = await library.search(q, highlight=False)
    assert all(hit.passages[0].highlight is None for hit in off.hits)


@pytest.mark.parametrize("mode", MODES)
async def test_pages_are_disjoint_and_together_the_whole(shelf: Library, mode: str) -> None:
    whole = ids(await shelf.search("river harbour", mode=mode, limit=100))
    assert len(whole) == len(set(whole)) >= 20
    paged: list[str | None] = []
    for offset in range(0, 70, 7):
        paged += ids(await shelf.search("river harbour", mode=mode, limit=7, offset=offset))
    assert paged == whole
    beyond = await shelf.search("river harbour", mode=mode, limit=100, offset=900)
    assert beyond.hits == []
    assert beyond.found >= len(whole)


@pytest.mark.parametrize("mode", MODES)
async def test_hits_below_the_least_score_are_left_out(shelf: Library, mode: str) -> None:
    whole = await shelf.search("river harbour", mode=mode, limit=100)
    least = whole.hits[len(whole.hits) // 2].score - 1e-5
    enough = await shelf.search("river harbour", mode=mode, limit=100, min_score=least)
    assert ids(enough) == [hit.document.id for hit in whole.hits if hit.score >= least]
    assert 0 < len(enough.hits) == enough.found
    nothing = await shelf.search("river harbour", mode=mode, min_score=1)
    assert (nothing.hits, nothing.found) == ([], 0)


async def test_only_the_fields_asked_for_are_shown(articles: Library) -> None:
    for fields in (["id"], ["body", "title"], ["created_at", "updated_at", "metadata", "url"], []):
        found = await articles.search("barking", mode="keyword", include_fields=fields)
        assert set(found.hits[0].document.model_dump()) == set(fields)
    found = await articles.search("barking", mode="keyword", include_fields=["body"])
    assert found.hits[0].document.body == ARTICLES["dogs"]


async def test_collections_keep_to_themselves(articles: Library) -> None:
    other = Library(articles.database, articles.embedder, "other")
    await other.create()
    await other.upsert(a_document("wolves", "Wolves bark at the moon and at dogs."))
    await other.embed()
    for mode in MODES:
        assert ids(await other.search("dogs barking", mode=mode)) == ["wolves"]
        assert "wolves" not in ids(await articles.search("dogs barking", mode=mode))


async def test_a_collection_is_searched_in_its_language(library: Library) -> None:
    german = Library(library.database, library.embedder, "german")
    await german.create(language="german")
    plain = Library(library.database, library.embedder, "plain")
    await plain.create(language="simple")
    for each in (german, plain):
        await each.upsert(a_document("a", "Die H\u00e4user am Fluss"))
    assert ids(await german.search("haus", mode="keyword")) == ["a"]
    assert ids(await plain.search("haus", mode="keyword")) == []
    assert ids(await plain.search("die", mode="keyword")) == ["a"]


@pytest.mark.parametrize("mode", ["semantic", "hybrid"])
async def test_the_vector_index_finds_what_a_scan_does(
    shelf: Library, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    request: dict[str, Any] = {"mode": mode, "limit": 30, "explain": True}
    exact = await shelf.search("a yellow railway bridge", **request)
    monkeypatch.setattr("shared.domain.ranking.EXACT_CHUNKS", 0)
    without_index = await shelf.search("a yellow railway bridge", **request)
    assert without_index.hits == exact.hits
    assert (await shelf.maintain(seconds=-1)).indexed_collections == 0
    assert [(await shelf.maintain()).indexed_collections for _ in range(2)] == [1, 0]
    indexed = await shelf.search("a yellow railway bridge", **request)
    assert {hit.explain.vector_scan for hit in exact.hits if hit.explain} == {"exact"}
    assert {hit.explain.vector_scan for hit in indexed.hits if hit.explain} == {"index"}
    assert ids(indexed) == ids(exact)
    assert [hit.score for hit in indexed.hits] == pytest.approx([hit.score for hit in exact.hits], abs=1e-6)
