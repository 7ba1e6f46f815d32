"""Bodies to chunks, in the way that their collection has chosen."""

from shared.chunking.markdown import chunk_body
from shared.chunking.token_estimate import estimate_tokens
from shared.domain.chunks import Chunk, Chunking

# The most that embedding models read of one text: a longer one would be embedded by its beginning.
LONGEST_WHOLE_TOKENS = 8_000


def chunk_as(chunking: Chunking, body: str) -> list[Chunk]:
    """The chunks of `body` in order; none when it has only white space.

    A whole body of more than LONGEST_WHOLE_TOKENS estimated tokens is cut at its headings after all.
    """
    text = body.strip()
    if chunking is Chunking.HEADINGS or estimate_tokens(text) > LONGEST_WHOLE_TOKENS:
        return chunk_body(body)
    if not text:
        return []
    start = len(body) - len(body.lstrip())
    return [Chunk(ordinal=0, start=start, end=start + len(text), segment_end=len(body))]
