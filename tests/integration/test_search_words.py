"""What words ask for: phrases, exclusions, mistakes, beginnings, titles, and writing of many kinds."""

import pytest

from tests.builders.documents import a_document
from tests.builders.library import Library

TEXTS = {
    "night": "The night train leaves from the central station.",
    "train": "A train at night is not the night train of the poem.",
    "station": "The central bank has a station of its own.",
    "authentication": "Authentication proves who somebody is.",
    "authorization": "Authorization says what somebody may do.",
    "tokyo": "東京タワーは東京にある。",
    "hebrew": "שלום עולם",
    "tag": "Call <strong>launch</strong> before <em>landing</em>.",
}


@pytest.fixture
async def shelf(library: Library) -> Library:
    await library.upsert(*(a_document(name, text) for name, text in TEXTS.items()))
    await library.embed()
    return library


async def test_a_phrase_stands_word_by_word(shelf: Library) -> None:
    assert set(await shelf.find("central station", mode="keyword")) == {"night", "station"}
    assert await shelf.find('"central station"', mode="keyword") == ["night"]
    assert set(await shelf.find('"night train"', mode="keyword")) == {"night", "train"}
    assert await shelf.find('"night train" leaves', mode="keyword") == ["night", "train"]
    assert await shelf.find('"night train" "central station"', mode="keyword") == ["night"]
    for mode in ("semantic", "hybrid"):
        assert await shelf.find('"central station"', mode=mode) == ["night"]
    assert await shelf.find('"station central"', mode="keyword") == []
    assert await shelf.find('"centrl station"', mode="keyword") == []


async def test_a_phrase_may_stand_in_a_title(library: Library) -> None:
    await library.upsert(
        a_document("title", "Of nothing else.", title="Central station"),
        a_document("apart", "Station.", title="Central"),
    )
    assert await library.find('"central station"', mode="keyword") == ["title"]


async def test_a_phrase_of_stop_words_asks_for_nothing(shelf: Library) -> None:
    found = await shelf.find('"of the" train', mode="keyword")
    assert set(found) == {"night", "train"}


async def test_what_is_excluded_is_no_hit_in_any_mode(shelf: Library) -> None:
    assert await shelf.find("train -poem", mode="keyword") == ["night"]
    assert await shelf.find('station -"central bank"', mode="keyword") == ["night"]
    assert await shelf.find("station -the", mode="keyword", limit=2) == ["station", "night"]
    for mode in ("semantic", "hybrid"):
        found = await shelf.find("railway journeys -poem -bank", mode=mode)
        assert found[0] == "night"
        assert not {"train", "station"} & set(found)
    # Whoever says only what he does not want gets everything else.
    assert set(await shelf.find("-train -station -somebody")) == {"tokyo", "hebrew", "tag"}


async def test_a_phrase_and_an_exclusion_are_told_and_marked(shelf: Library) -> None:
    found = await shelf.search('"night train" -leaves', explain=True)
    (hit,) = found.hits
    assert hit.document.id == "train"
    highlight = hit.passages[0].highlight
    assert highlight is not None
    assert highlight.count("<mark>train</mark>") == 2
    assert "<mark>leaves" not in highlight


@pytest.mark.parametrize(
    ("q", "best"),
    [
        ("authentcation", "authentication"),
        ("uathentication", "authentication"),
        ("bauthentication", "authentication"),
        ("traln", "night"),
        ("statoin", "station"),
    ],
)
async def test_mistakes_are_forgiven(shelf: Library, q: str, best: str) -> None:
    assert best in await shelf.find(q, mode="keyword")
    assert await shelf.find(f'"{q}"', mode="keyword") == []
    assert await shelf.find(q, mode="keyword", typos=False, prefix=False) == []
    (hit, *_) = (await shelf.search(q, mode="keyword")).hits
    assert "<mark>" in (hit.passages[0].highlight or "")


async def test_the_last_word_may_be_a_beginning(shelf: Library) -> None:
    assert set(await shelf.find("somebody autho", mode="keyword")) == {"authentication", "authorization"}
    assert (await shelf.find("somebody autho", mode="keyword"))[0] == "authorization"
    assert await shelf.find("autho somebody", mode="keyword", typos=False) == await shelf.find(
        "somebody", mode="keyword"
    )
    assert await shelf.find("autho", mode="keyword", prefix=False, typos=False) == []
    # A word that documents have is complete, unless it is said to be a beginning.
    await shelf.upsert(a_document("auth", "The auth module."))
    assert await shelf.find("auth", mode="keyword") == ["auth"]
    found = await shelf.find("auth", mode="keyword", prefix=True)
    assert found[0] == "auth"
    assert set(found) == {"auth", "authentication", "authorization"}


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("東京", ["tokyo"]),
        ("タワー", ["tokyo"]),
        ("京東大阪", ["tokyo"]),
        ("שלום", ["hebrew"]),
        ("launch", ["tag"]),
        ("landing", ["tag"]),
        ("🚀", []),
        ("!!! ??? …", []),
        ('"', []),
    ],
)
async def test_writing_of_many_kinds(shelf: Library, q: str, found: list[str]) -> None:
    assert await shelf.find(q, mode="keyword") == found


async def test_words_of_writing_without_spaces_are_marked_and_quoted(shelf: Library) -> None:
    (hit,) = (await shelf.search('"東京タワー"', mode="keyword")).hits
    assert hit.passages[0].highlight == "<mark>東京タワー</mark>は<mark>東京</mark>にある。"
    assert await shelf.find('"京東"', mode="keyword") == []


async def test_a_score_is_a_share_whatever_words_stand_for(shelf: Library) -> None:
    for q in ("authentcation", "authentication", "somebody autho", "train trian trains"):
        found = await shelf.search(q, mode="keyword", explain=True)
        assert found.hits
        assert all(0 < hit.score <= 1 for hit in found.hits)
    right = await shelf.search("authentication", mode="keyword")
    mistyped = await shelf.search("authentcation", mode="keyword")
    assert mistyped.hits[0].score < right.hits[0].score
