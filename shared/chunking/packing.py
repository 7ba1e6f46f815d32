"""Which spans share a chunk.

Where spans are gathered, cuts depend on the words near by and not on a count from the body's start:
after an edit they soon fall where they fell before, so that few chunks are embedded again.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.chunking.limits import ChunkLimits
from shared.chunking.spans import Span

type Range = tuple[int, int]

_WORD = re.compile(r"\w")
_WORDS_HASHED = 4
_CHARACTERS_HASHED = 64
_CUT_ONE_IN = 3
_CHUNKS_BALANCED = 8


def starts_chunk(body: str, gathered: int, span: Span, limits: ChunkLimits) -> bool:
    """Whether `span` starts a new chunk after `gathered` tokens."""
    together = gathered + span.tokens
    if together > limits.maximum:
        return True
    if gathered < limits.minimum or _WORD.search(body, span.start, span.end) is None:
        return False
    first_characters = body[span.start : min(span.end, span.start + _CHARACTERS_HASHED)]
    first_words = " ".join(first_characters.split(maxsplit=_WORDS_HASHED)[:_WORDS_HASHED])
    chance = zlib.crc32(first_words.encode("utf-8", "surrogatepass"))
    return together > limits.target or chance % _CUT_ONE_IN == 0


def gather(body: str, spans: Sequence[Span], limits: ChunkLimits) -> Iterator[Range]:
    """Index ranges of `spans`, each a chunk's."""
    first, gathered = 0, 0
    for index, span in enumerate(spans):
        if index > first and starts_chunk(body, gathered, span, limits):
            yield first, index
            first, gathered = index, 0
        gathered += span.tokens
    yield first, len(spans)


def balance(body: str, spans: Sequence[Span], limits: ChunkLimits) -> Iterator[Range]:
    """Index ranges of one paragraph's `spans`, of about equal size.

    Very long paragraphs are balanced in stretches, so that an edit moves no cut far away.
    """
    stretches = replace(
        limits,
        minimum=limits.minimum * _CHUNKS_BALANCED,
        target=limits.target * _CHUNKS_BALANCED,
        maximum=limits.maximum * _CHUNKS_BALANCED,
    )
    for first, last in gather(body, spans, stretches):
        for start, end in _balance_stretch(spans[first:last], limits):
            yield first + start, first + end


def _balance_stretch(spans: Sequence[Span], limits: ChunkLimits) -> Iterator[Range]:
    left = sum(span.tokens for span in spans)
    chunks_left = 1 if left <= limits.maximum else -(-left // limits.target)
    first, gathered = 0, 0
    for index, span in enumerate(spans):
        is_nearer_without = gathered + span.tokens / 2 > left / chunks_left
        if index > first and (is_nearer_without or gathered + span.tokens > limits.maximum):
            yield first, index
            left -= gathered
            chunks_left = max(1, chunks_left - 1)
            first, gathered = index, 0
        gathered += span.tokens
    yield first, len(spans)


def overlap_end(spans: Sequence[Span], covered: Range, limits: ChunkLimits) -> int:
    """The offset up to which the chunk of `covered` repeats what follows, by whole spans.

    It repeats its share, or one span up to twice as long, and never passes the maximum.
    """
    first, last = covered
    share = limits.overlap * limits.target
    room = limits.maximum - sum(span.tokens for span in spans[first:last])
    end, repeated = spans[last - 1].end, 0
    for index in range(last, len(spans)):
        repeated += spans[index].tokens
        if repeated > min(room, 2 * share if index == last else share):
            break
        end = spans[index].end
    return end
