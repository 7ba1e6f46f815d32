"""Stretches of a body, and how a long one is divided at the best places it has."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from shared.chunking.sentences import sentence_ends
from shared.chunking.token_estimate import MOST_TOKENS_OF_A_RUN, RUN, estimate_tokens

type Cuts = Callable[[str, int, int], Iterable[int]]

_SHORTEST_PHRASE = 40
_SHORTEST_WORD_PART = 16
_LINE_END = re.compile(r"\n")
_ITEM_START = re.compile(r"^(?=[ \t]*(?:[-*+•]|[0-9]{1,9}[.)])[ \t])", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_CLAUSE_END = re.compile(r"[\u3001\u3002\uff01\uff0c\uff1b\uff1f]")


class Span(NamedTuple):
    """`body[start:end]` without surrounding white space, and its estimated tokens."""

    start: int
    end: int
    tokens: int


def join(spans: Sequence[Span]) -> Span:
    """From the start of the first of `spans` to the end of the last."""
    return Span(spans[0].start, spans[-1].end, sum(span.tokens for span in spans))


def measure(body: str, start: int, end: int) -> Span:
    """The span between two offsets that have more than white space between them."""
    text = body[start:end].lstrip()
    start = end - len(text)
    text = text.rstrip()
    return Span(start, start + len(text), estimate_tokens(text))


def _cuts_at(pattern: re.Pattern[str], *, shortest: int = 0) -> Cuts:
    """Cuts after each match, but none that leaves a part of fewer than `shortest` characters."""

    def cuts(body: str, start: int, end: int) -> Iterator[int]:
        last = start
        for match in pattern.finditer(body, start, end):
            if match.end() - last >= shortest:
                last = match.end()
                yield last

    return cuts


_LINES = _cuts_at(_LINE_END)
_PHRASES = _cuts_at(_SPACE, shortest=_SHORTEST_PHRASE)
_WORDS = _cuts_at(_SPACE)
PROSE: tuple[Cuts, ...] = (sentence_ends, _LINES, _PHRASES, _WORDS)
ROWS: tuple[Cuts, ...] = (_LINES, sentence_ends, _PHRASES, _WORDS)
ITEMS: tuple[Cuts, ...] = (_cuts_at(_ITEM_START), *ROWS)
# Below words nothing is divided unless a word alone passes the maximum.
_CLAUSES = _cuts_at(_CLAUSE_END, shortest=_SHORTEST_WORD_PART)
_WORD_PARTS = _cuts_at(RUN, shortest=_SHORTEST_WORD_PART)
# A word's part is shorter than the shortest, or ends with the run that made it long enough.
SMALLEST_MAXIMUM = _SHORTEST_WORD_PART + MOST_TOKENS_OF_A_RUN


def divide(body: str, span: Span, levels: tuple[Cuts, ...], *, capacity: int, maximum: int) -> Iterator[Span]:
    """Parts of `span` of at most `capacity` tokens, each as whole as it can be, in order.

    A word that passes `capacity` is a part of its own; one that passes `maximum` is divided.
    """
    if span.tokens <= capacity:
        yield span
    elif levels:
        for part in _parts(body, span, levels[0]):
            yield from divide(body, part, levels[1:], capacity=capacity, maximum=maximum)
    elif span.tokens <= maximum:
        yield span
    else:
        yield from _divide_word(body, span, maximum)


def _divide_word(body: str, word: Span, maximum: int) -> Iterator[Span]:
    for clause in _parts(body, word, _CLAUSES):
        if clause.tokens <= maximum:
            yield clause
        else:
            yield from _parts(body, clause, _WORD_PARTS)


def _parts(body: str, span: Span, cuts: Cuts) -> Iterator[Span]:
    found = [cut for cut in cuts(body, span.start, span.end) if cut < span.end]
    if not found:
        yield span
        return
    last = span.start
    for cut in (*found, span.end):
        if cut > last and not body[last:cut].isspace():
            yield measure(body, last, cut)
        last = cut
