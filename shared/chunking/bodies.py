"""Bodies to chunks, in the way that their collection has chosen."""

from collections.abc import Sequence

from shared.chunking.markdown import chunk_body
from shared.chunking.token_estimate import estimate_tokens
from shared.domain.chunks import Chunk, Chunking, page_at
from shared.domain.documents import DocumentInput

# The most that embedding models read of one text: a longer one would be embedded by its beginning.
LONGEST_WHOLE_TOKENS = 8_000


def chunk_as(chunking: Chunking, body: str, page_starts: Sequence[int] = ()) -> list[Chunk]:
    """The chunks of `body` in order, each with the page it starts on; none when it has only white space.

    A whole body of more than LONGEST_WHOLE_TOKENS estimated tokens is cut at its headings after all.
    """
    chunks = _cut(chunking, body, page_starts)
    return (
        [chunk._replace(page=page_at(page_starts, chunk.start)) for chunk in chunks]
        if page_starts
        else chunks
    )


def chunk_document(document: DocumentInput, chunking: Chunking) -> list[Chunk]:
    """As `chunk_as`; a document that brings its vector is one chunk, however long or empty its body is."""
    if document.vector is None:
        return chunk_as(chunking, document.body, document.page_starts)
    chunk = _whole(document.body)
    return [chunk._replace(page=page_at(document.page_starts, chunk.start))]


def _whole(body: str) -> Chunk:
    start = len(body) - len(body.lstrip())
    return Chunk(ordinal=0, start=start, end=start + len(body.strip()), segment_end=len(body))


def _cut(chunking: Chunking, body: str, page_starts: Sequence[int]) -> list[Chunk]:
    text = body.strip()
    if chunking is Chunking.HEADINGS or estimate_tokens(text) > LONGEST_WHOLE_TOKENS:
        return chunk_body(body, page_starts)
    if not text:
        return []
    return [_whole(body)]
