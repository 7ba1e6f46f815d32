"""Bodies in Markdown, reStructuredText or plain text to chunks."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.chunking.blocks import Block, Kind, read_blocks
from shared.chunking.headings import Heading
from shared.chunking.limits import DEFAULT_LIMITS, ChunkLimits
from shared.chunking.packing import balance, gather, overlap_end
from shared.chunking.spans import ITEMS, PROSE, ROWS, Span, divide, join, measure
from shared.domain.chunks import Chunk, page_at

_LEVELS = {Kind.HEADING: PROSE, Kind.PROSE: PROSE, Kind.LIST: ITEMS, Kind.ROWS: ROWS}
_WORD = re.compile(r"\w")

type _Piece = tuple[int, int]


class _Section(NamedTuple):
    """Blocks below a heading. Headings above it that have no text of their own come first."""

    heading_path: tuple[str, ...]
    blocks: list[Block]


def chunk_body(
    body: str, page_starts: Sequence[int] = (), *, limits: ChunkLimits = DEFAULT_LIMITS
) -> list[Chunk]:
    """The chunks of `body` in order; none when it has only white space.

    None goes on from a page to the next, unless a block does (a list, a table, a paragraph): the page that is
    cited is the page that has the words.

    Each starts and ends with a character that is not white space and has at most `limits.maximum`
    estimated tokens. Together their segments have every such character once.
    """
    pieces = [
        (start, end, section.heading_path)
        for section in _sections(body, page_starts)
        for start, end in _pieces(body, section, limits)
    ]
    next_starts = [start for start, _, _ in pieces[1:]] + [len(body)]
    return [
        Chunk(ordinal, start, end, next_start, heading_path)
        for ordinal, ((start, end, heading_path), next_start) in enumerate(
            zip(pieces, next_starts, strict=False)
        )
    ]


def _sections(body: str, page_starts: Sequence[int]) -> Iterator[_Section]:
    headings: list[Heading] = []
    blocks: list[Block] = []
    page: int | None = None
    for block in read_blocks(body):
        before, page = page, page_at(page_starts, block.start)
        if blocks and blocks[-1].heading is None and (block.heading is not None or page != before):
            yield _Section(_path(headings), blocks)
            blocks = []
        if block.heading is not None:
            while headings and headings[-1].level >= block.heading.level:
                headings.pop()
            headings.append(block.heading)
        blocks.append(block)
    if blocks:
        yield _Section(_path(headings), blocks)


def _path(headings: list[Heading]) -> tuple[str, ...]:
    return tuple(heading.title for heading in headings if heading.title)


def _pieces(body: str, section: _Section, limits: ChunkLimits) -> Iterator[_Piece]:
    """What fits is gathered between the blocks that are too long, and those are divided."""
    fitting: list[Span] = []
    after_heading = False
    for block in section.blocks:
        span = measure(body, block.start, block.end)
        is_first_text = after_heading and block.heading is None
        lead: Span | None = None
        if fitting and (is_first_text or span.tokens > limits.maximum):
            *complete, lead = _gathered(body, fitting, limits)
            if not after_heading and lead.tokens >= limits.minimum:
                complete, lead = [*complete, lead], None
            yield from (piece[:2] for piece in complete)
            fitting = []
        if span.tokens + (lead.tokens if lead else 0) > limits.maximum:
            yield from _divided(body, lead, span, block.kind, limits)
        else:
            _add(body, fitting, join([lead, span]) if lead else span, limits)
        after_heading = block.heading is not None
    yield from (piece[:2] for piece in _gathered(body, fitting, limits))


def _gathered(body: str, spans: list[Span], limits: ChunkLimits) -> list[Span]:
    return [join(spans[first:last]) for first, last in gather(body, spans, limits)]


def _add(body: str, fitting: list[Span], span: Span, limits: ChunkLimits) -> None:
    """No cut falls before a rule, which has no words, nor after a line that leads to what follows."""
    if fitting and fitting[-1].tokens + span.tokens <= limits.maximum:
        leads = body[fitting[-1].end - 1] == ":"
        if leads or _WORD.search(body, span.start, span.end) is None:
            span = join([fitting.pop(), span])
    fitting.append(span)


def _divided(body: str, lead: Span | None, span: Span, kind: Kind, limits: ChunkLimits) -> Iterator[_Piece]:
    """The pieces of a block that is too long; what stands before it joins the first."""
    capacity = limits.maximum - (lead.tokens if lead else 0)
    capacity = max(capacity, limits.maximum // 2)
    spans = [*divide(body, span, _LEVELS[kind], capacity=capacity, maximum=limits.maximum)]
    if lead is not None and lead.tokens + spans[0].tokens <= limits.maximum:
        spans[0] = join([lead, spans[0]])
    elif lead is not None:
        spans.insert(0, lead)
    if _LEVELS[kind] is PROSE:
        for first, last in balance(body, spans, limits):
            yield spans[first].start, overlap_end(spans, (first, last), limits)
    else:
        yield from (piece[:2] for piece in _gathered(body, spans, limits))
