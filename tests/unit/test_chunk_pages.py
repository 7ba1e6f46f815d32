"""What holds for the passages of any body with pages, in either way to chunk it."""

from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.chunking.blocks import Block, read_blocks
from shared.chunking.bodies import LONGEST_WHOLE_TOKENS, chunk_as
from shared.chunking.token_estimate import estimate_tokens
from shared.domain.chunks import Chunk, Chunking, page_at

LINES = st.sampled_from(
    (
        *(
            "",
            "",
            " ",
            "# Rivers",
            "## Nile ##",
            "Title",
            "=====",
            "---",
            "- item",
            "  more",
            "1. one",
            "```",
        ),
        *(
            "1. one",
            "| a | b |",
            "|---|---|",
            "The Nile flows to the sea. " * 3,
            "It leads to this:",
            "😀 漢字。" * 30,
        ),
        *("wörter " * 90, "\u2003", "\r"),
    )
)
BODIES = st.lists(LINES | st.text(max_size=20), max_size=30).map("\n".join)


@st.composite
def paged(draw: st.DrawFn) -> tuple[str, list[int]]:
    """A body, and where its pages start: anywhere, as an author of a book cares for no reader of files."""
    body = draw(BODIES)
    return body, sorted([0, *draw(st.lists(st.integers(0, len(body)), max_size=6))])


@settings(max_examples=200, deadline=2_000)
@given(paged(), st.sampled_from(Chunking))
@example(("word " * (LONGEST_WHOLE_TOKENS + 1), [0, 7, 7, 9_000]), Chunking.WHOLE)
def test_passages_with_pages(book: tuple[str, list[int]], chunking: Chunking) -> None:
    body, page_starts = book
    chunks = chunk_as(chunking, body, page_starts)
    assert bool(chunks) == bool(body.strip())
    for ordinal, chunk in enumerate(chunks):
        text = body[chunk.start : chunk.end]
        assert chunk.ordinal == ordinal
        assert 0 <= chunk.start < chunk.end <= len(body)
        assert text == text.strip() != ""
        assert page_starts[(chunk.page or 0) - 1] <= chunk.start < [*page_starts, len(body)][chunk.page or 0]
    assert_all_words_are_in(chunks, body)
    if chunking is Chunking.WHOLE and estimate_tokens(body.strip()) <= LONGEST_WHOLE_TOKENS:
        assert len(chunks) <= 1
    else:
        assert_none_goes_on_to_the_next_page(chunks, [*read_blocks(body)], page_starts)


def assert_all_words_are_in(chunks: list[Chunk], body: str) -> None:
    """The segments have each character once, and what of a segment is in no passage is white space."""
    ends = [0, *(chunk.segment_end for chunk in chunks)]
    assert ends[-1] == (len(body) if chunks else 0)
    for chunk, (before, end) in zip(chunks, pairwise(ends), strict=True):
        assert before <= chunk.start < end
        assert not body[before : chunk.start].strip()
        assert not body[chunk.end : end].strip()


def assert_none_goes_on_to_the_next_page(chunks: list[Chunk], blocks: list[Block], starts: list[int]) -> None:
    """But for a block that does so itself, and headings, which stand with what they are headings of."""
    for chunk in chunks:
        within = [block for block in blocks if block.end > chunk.start and block.start < chunk.end]
        for block, following in pairwise(within):
            same = page_at(starts, block.start) == page_at(starts, following.start)
            assert same or block.heading is not None
