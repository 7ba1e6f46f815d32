"""Of passages that were found by meaning, the sentence that is nearest to the query."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise

from shared.chunking.sentences import sentence_ends
from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderRejected, EmbedderUnavailable
from shared.repositories.search_plan import FoundDocument
from shared.services.highlights import Range

# Sentences embedded for one answer, at most: the rest of the passages go without a mark.
_MOST_SENTENCES = 96
_MARK = "\x02"

type _Place = tuple[int, int]


async def nearest_sentences(
    embedder: Embedder | None,
    vector: Sequence[float] | None,
    rows: Sequence[FoundDocument],
    seconds_left: float | None,
) -> dict[_Place, Range]:
    """The sentence to mark in each passage that has no word of the query, by row and passage number.

    Nothing where the sentences' embeddings would have to be bought, or cannot be had, or not in time.
    """
    if vector is None or embedder is None or not embedder.is_local:
        return {}
    sentences: list[tuple[_Place, Range, str]] = []
    for place, text in _passages_without_words(rows):
        found = [(place, span, text[slice(*span)]) for span in _sentences(text)]
        if len(sentences) + len(found) > _MOST_SENTENCES:
            break
        sentences += found
    try:
        async with asyncio.timeout(seconds_left):
            vectors = await embedder.embed([text for _, _, text in sentences])
    except (EmbedderUnavailable, EmbedderRejected, TimeoutError):
        return {}
    best: dict[_Place, tuple[float, Range]] = {}
    for (place, span, _), found_vector in zip(sentences, vectors, strict=True):
        similarity = sum(a * b for a, b in zip(vector, found_vector, strict=True))
        if place not in best or similarity > best[place][0]:
            best[place] = (similarity, span)
    return {place: span for place, (_, span) in best.items()}


def _passages_without_words(rows: Sequence[FoundDocument]) -> Iterator[tuple[_Place, str]]:
    for number, row in enumerate(rows):
        for place, passage in enumerate(row.passages or []):
            if passage["marked"] is not None and _MARK not in passage["marked"] and passage["text"].strip():
                yield (number, place), passage["text"]


def _sentences(text: str) -> list[Range]:
    """Spans without the white space around them."""
    ends = [0, *sentence_ends(text, 0, len(text)), len(text)]
    return [_stripped(text, start, end) for start, end in pairwise(ends) if text[start:end].strip()]


def _stripped(text: str, start: int, end: int) -> Range:
    sentence = text[start:end]
    first = start + len(sentence) - len(sentence.lstrip())
    return first, first + len(sentence.strip())
