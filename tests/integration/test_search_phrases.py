"""Phrases in bodies of every length, and of words that are one to the index."""

from itertools import pairwise

import psycopg
import pytest

from tests.builders.documents import a_document
from tests.builders.library import Library

# More words than a vector of words has places for, and more bytes than it may have.
LONG = " ".join(f"w{number}x{number * 7919 % 1_000_003}" for number in range(75_000))


async def test_words_that_are_one_to_the_index_are_a_phrase(library: Library) -> None:
    await library.upsert(a_document("dance", "Cha cha is a dance."), a_document("tea", "Cha is tea."))
    assert await library.find('"cha cha"', mode="keyword") == ["dance"]
    assert await library.find('cha -"cha cha"', mode="keyword") == ["tea"]
    assert set(await library.find('"cha"', mode="keyword")) == {"dance", "tea"}


async def test_phrases_are_found_at_the_end_of_long_bodies(database_url: str) -> None:
    def says(phrase: str, body: str) -> bool:
        row = connection.execute(
            "SELECT concord.has_phrase('english', %s, NULL, %s)", [phrase, body]
        ).fetchone()
        assert row is not None
        return bool(row[0])

    with psycopg.connect(database_url) as connection:
        body = f"{LONG} Purple elephants sing."
        assert says("purple elephants sing", body)
        assert not says("sing purple elephants", body)
        assert says(LONG[:40].rpartition(" ")[0], body)


@pytest.mark.parametrize("repeats", [300, 3_000])
async def test_phrases_of_a_word_that_is_often_there(library: Library, repeats: int) -> None:
    body = "A search tool. " * repeats
    await library.upsert(
        a_document("engines", f"{body}A search engine."), a_document("tools", f"{body}Engine.")
    )
    assert await library.find('"search engine"', mode="keyword") == ["engines"]
    assert await library.find('search -"search engine"', mode="keyword") == ["tools"]


async def test_a_phrase_is_found_wherever_it_stands(database_url: str) -> None:
    words = [f"{'abcdefgh'[place % 8] * (place * 31 % 9 + 1)}{place}" for place in range(1_500)]
    body = " ".join(words)
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            """SELECT count(*) FILTER (WHERE concord.has_phrase('simple', pair, NULL, %(body)s)),
                      count(*) FILTER (WHERE concord.has_phrase('simple', left(pair, -1), NULL, %(body)s))
               FROM unnest(%(pairs)s::text[]) AS pair""",
            {"body": body, "pairs": pairs[::5]},
        ).fetchone()
    assert found == (300, 0)
