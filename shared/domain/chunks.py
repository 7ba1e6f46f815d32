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


def contextual_text(title: str | None, heading_path: Sequence[str], text: str) -> str:
    """What is embedded for a chunk: its document's title and headings give it context that is not shown."""
    context = " > ".join(part for part in (title, *heading_path) if part)
    return f"{context}\n{text}" if context else text


def embedded_text(title: str | None, chunk: Chunk, body: str) -> str:
    """`contextual_text` of a chunk of `body`."""
    return contextual_text(title, chunk.heading_path, body[chunk.start : chunk.end])


def embedded_hash(text: str) -> bytes:
    """Two chunks with the same hash have the same vector."""
    return hashlib.sha256(text.encode()).digest()[:16]
