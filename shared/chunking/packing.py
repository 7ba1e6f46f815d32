"""Which spans share a chunk.

Where spans are gathered, cuts depend on the words near by more than on where the chunk started:
after an edit they soon fall where they fell before, so that few chunks are embedded again.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.chunking.limits import ChunkLimits
from shared.chunking.spans import Span

type Range = tuple[int, int]

_WORDS_COMPARED = 4
_CHARACTERS_COMPARED = 64
_CHUNKS_BALANCED = 8


def gather(body: str, spans: Sequence[Span], limits: ChunkLimits) -> Iterator[Range]:
    """Index ranges of `spans`, each a chunk's: of `limits.minimum` tokens to `limits.maximum`.

    A range has less when the next span does not fit, and more when it is one span that has more.
    """
    first = 0
    while first < len(spans):
        cut = _next_cut(body, spans, first, limits)
        yield first, cut
        first = cut


def _next_cut(body: str, spans: Sequence[Span], first: int, limits: ChunkLimits) -> int:
    """Of the places where a chunk from `first` may end, the one whose next words hash lowest."""
    gathered = spans[first].tokens
    best: tuple[int, int] | None = None
    for index in range(first + 1, len(spans)):
        tokens = spans[index].tokens
        if gathered >= limits.minimum:
            place = (_hash_of_first_words(body, spans[index]), -index)
            best = min(best or place, place)
        if gathered + tokens > limits.maximum:
            return -best[1] if best else index
        gathered += tokens
    return len(spans)


def _hash_of_first_words(body: str, span: Span) -> int:
    first_characters = body[span.start : min(span.end, span.start + _CHARACTERS_COMPARED)]
    words = first_characters.split(maxsplit=_WORDS_COMPARED)[:_WORDS_COMPARED]
    return zlib.crc32(" ".join(words).encode("utf-8", "surrogatepass"))


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
