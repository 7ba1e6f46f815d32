"""Documents for tests."""

import random
from collections.abc import Sequence
from typing import Any

from shared.domain.documents import DocumentInput

WORDS = [
    "river",
    "mountain",
    "harbour",
    "engine",
    "compiler",
    "database",
    "index",
    "vector",
    "query",
    "lantern",
    "orchard",
    "violin",
    "copper",
    "glacier",
    "market",
    "railway",
    "sailor",
    "teacher",
    "window",
    "bridge",
    "castle",
    "desert",
    "forest",
    "garden",
    "island",
    "journal",
    "kitchen",
    "library",
    "museum",
    "novel",
    "ocean",
    "palace",
    "quarry",
    "rocket",
    "saddle",
    "temple",
    "umbrella",
    "valley",
    "winter",
    "yellow",
    "zebra",
    "running",
    "runs",
    "ran",
    "connection",
    "connected",
    "stations",
    "station",
]


def a_document(id: str = "a", body: str = "Some text.", **fields: Any) -> DocumentInput:  # noqa: A002 - its field's name
    return DocumentInput(id=id, body=body, **fields)


def prose(randomness: random.Random, words: int, *, vocabulary: Sequence[str] = WORDS) -> str:
    """So many words in sentences and paragraphs; the same for the same state of `randomness`."""
    sentences = []
    while words > 0:
        length = min(words, randomness.randint(4, 14))
        sentence = " ".join(randomness.choice(vocabulary) for _ in range(length))
        sentences.append(sentence.capitalize() + ".")
        words -= length
    paragraphs = []
    while sentences:
        size = randomness.randint(1, 6)
        paragraphs.append(" ".join(sentences[:size]))
        sentences = sentences[size:]
    return "\n\n".join(paragraphs)


def long_document(characters: int, last_word: str) -> str:
    """A body of about so many characters that ends with a word nothing else in it has."""
    paragraph = prose(random.Random(7), 90)
    paragraphs = [f"{paragraph} Number {place}." for place in range(characters // len(paragraph))]
    return "\n\n".join([*paragraphs, f"The very last word is {last_word}."])
