"""Bodies in Markdown, reStructuredText or plain text to chunks."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.chunking.blocks import Block, Kind, read_blocks
from shared.chunking.headings import Heading
from shared.chunking.limits import DEFAULT_LIMITS, ChunkLimits
from shared.chunking.packing import balance, gather, overlap_end, starts_chunk
from shared.chunking.spans import ITEMS, PROSE, ROWS, Span, divide, measure
from shared.domain.chunks import Chunk

_LEVELS = {Kind.HEADING: PROSE, Kind.PROSE: PROSE, Kind.LIST: ITEMS, Kind.ROWS: ROWS}


type _Piece = tuple[int, int]


class _Section(NamedTuple):
    """Blocks below a heading. Headings above it that have no text of their own come first."""

    heading_path: tuple[str, ...]
    blocks: list[Block]


def chunk_body(body: str, *, limits: ChunkLimits = DEFAULT_LIMITS) -> list[Chunk]:
    """The chunks of `body` in order; none when it has only white space.

    Each starts and ends with a character that is not white space and has at most `limits.maximum`
    estimated tokens. Together their segments have every such character once.
    """
    pieces = [
        (start, end, section.heading_path)
        for section in _sections(body)
        for start, end in _pieces(body, section, limits)
    ]
    next_starts = [start for start, _, _ in pieces[1:]] + [len(body)]
    return [
        Chunk(ordinal, start, end, next_start, heading_path)
        for ordinal, ((start, end, heading_path), next_start) in enumerate(
            zip(pieces, next_starts, strict=False)
        )
    ]


def _sections(body: str) -> Iterator[_Section]:
    headings: list[Heading] = []
    blocks: list[Block] = []
    for block in read_blocks(body):
        if block.heading is not None:
            if blocks and blocks[-1].heading is None:
                yield _Section(_path(headings), blocks)
                blocks = []
            while headings and headings[-1].level >= block.heading.level:
                headings.pop()
            headings.append(block.heading)
        blocks.append(block)
    if blocks:
        yield _Section(_path(headings), blocks)


def _path(headings: list[Heading]) -> tuple[str, ...]:
    return tuple(heading.title for heading in headings if heading.title)


def _pieces(body: str, section: _Section, limits: ChunkLimits) -> Iterator[_Piece]:
    gathered: Span | None = None
    only_headings = True
    for block in section.blocks:
        span = measure(body, block.start, block.end)
        is_heading = block.heading is not None
        needs_text = only_headings and not is_heading
        if (
            gathered is not None
            and not needs_text
            and _is_complete(body, gathered, span, is_heading=is_heading, limits=limits)
        ):
            yield gathered.start, gathered.end
            gathered = None
        if _tokens(gathered) + span.tokens > limits.maximum:
            yield from _divided(body, gathered, span, block.kind, limits)
            gathered = None
        else:
            gathered = gathered.through(span) if gathered else span
        only_headings = is_heading
    if gathered is not None:
        yield gathered.start, gathered.end


def _is_complete(
    body: str, gathered: Span, span: Span, *, is_heading: bool, limits: ChunkLimits
) -> bool:
    if is_heading:
        return gathered.tokens + span.tokens > limits.maximum
    if span.tokens > limits.maximum:
        return gathered.tokens >= limits.minimum
    return starts_chunk(body, gathered.tokens, span, limits)


def _divided(
    body: str, lead: Span | None, span: Span, kind: Kind, limits: ChunkLimits
) -> Iterator[_Piece]:
    """The pieces of a block that is too long; what stands before it joins the first."""
    capacity = max(limits.maximum - _tokens(lead), limits.maximum // 2)
    spans = [*divide(body, span, _LEVELS[kind], capacity=capacity, maximum=limits.maximum)]
    if lead is not None and lead.tokens + spans[0].tokens <= limits.maximum:
        spans[0] = lead.through(spans[0])
    elif lead is not None:
        spans.insert(0, lead)
    if _LEVELS[kind] is PROSE:
        for first, last in balance(body, spans, limits):
            yield spans[first].start, overlap_end(spans, (first, last), limits)
    else:
        for first, last in gather(body, spans, limits):
            yield spans[first].start, spans[last - 1].end


def _tokens(span: Span | None) -> int:
    return span.tokens if span else 0
