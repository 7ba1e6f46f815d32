"""Chunks: the spans of a document's body that are embedded and cited."""

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Chunking(StrEnum):
    """How a body becomes chunks: passages of up to 256 tokens below their headings, or one of it all."""

    HEADINGS = "headings"
    WHOLE = "whole"


class Chunk(NamedTuple):
    """A span of a body, in Unicode code points: `body[start:end]` is the chunk's text.

    `segment_end` is where the next chunk starts (the body's end for the last): the segments
    `body[start:segment_end]` of a document do not overlap and cover every word of it once.
    """

    ordinal: int
    start: int
    end: int
    segment_end: int
    heading_path: tuple[str, ...] = ()
    page: int | None = None


def page_at(page_starts: Sequence[int], offset: int) -> int | None:
    """The page, counted from 1, that has the character at `offset`; None where there are no pages."""
    return bisect_right(page_starts, offset) or None


# Of a chunk whose vector came with its document, whatever its text is.
GIVEN_HASH = hashlib.sha256(b"given").digest()[:16]


def embedded_hash(text: str) -> bytes:
    """Two chunks with the same hash have the same vector."""
    return hashlib.sha256(text.encode()).digest()[:16]
