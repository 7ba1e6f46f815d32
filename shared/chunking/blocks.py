"""A body's blocks: headings, paragraphs, lists, fenced code and tables, read line by line."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from itertools import accumulate
from typing import NamedTuple

from shared.chunking.headings import Heading, is_hash_heading, read_heading

_ITEM = re.compile(r"\s*(?:[-*+•]|[0-9]{1,9}[.)])\s+\S")
_FIRST_ITEM = re.compile(r"\s*(?:[-*+•]|1[.)])\s+\S")
_TABLE = re.compile(r"\s*(?:\||\+[-=]|==+ +=|--+ +-)")
_SHORTEST_FENCE = 3


class Kind(Enum):
    HEADING = auto()
    PROSE = auto()
    LIST = auto()
    ROWS = auto()


class Block(NamedTuple):
    """The lines from offset `start` to `end`."""

    kind: Kind
    start: int
    end: int
    heading: Heading | None = None


def read_blocks(body: str) -> Iterator[Block]:
    """The blocks of `body` in order; between them there is only white space."""
    return _BlockReader(body).read()


class _BlockReader:
    def __init__(self, body: str) -> None:
        self._lines = body.splitlines(keepends=True)
        self._starts = list(accumulate(map(len, self._lines), initial=0))

    def read(self) -> Iterator[Block]:
        at = 0
        while at < len(self._lines):
            if self._lines[at].isspace():
                at += 1
                continue
            kind, heading, end = self._read_block(at)
            yield Block(kind, self._starts[at], self._starts[end], heading)
            at = end

    def _read_block(self, at: int) -> tuple[Kind, Heading | None, int]:
        line = self._lines[at]
        if fence := _opened_fence(line):
            return Kind.ROWS, None, self._after_fence(at, fence)
        if heading := read_heading(self._lines, at):
            return Kind.HEADING, heading, at + heading.lines
        if _ITEM.match(line):
            return Kind.LIST, None, self._after_list(at)
        if self._is_table(at):
            return Kind.ROWS, None, self._after_paragraph(at)
        return Kind.PROSE, None, self._after_paragraph(at)

    def _is_table(self, at: int) -> bool:
        following = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        return bool(_TABLE.match(self._lines[at]) or _is_delimiter_row(following))

    def _after_fence(self, at: int, fence: str) -> int:
        """The line after the fence's end; a fence that nobody closes takes the rest."""
        for index in range(at + 1, len(self._lines)):
            line = self._lines[index].strip()
            if line.startswith(fence) and not line.strip(fence[0]):
                return index + 1
        return len(self._lines)

    def _after_paragraph(self, at: int) -> int:
        for index in range(at + 1, len(self._lines)):
            line = self._lines[index]
            if line.isspace() or _interrupts_paragraph(line):
                return index
        return len(self._lines)

    def _after_list(self, at: int) -> int:
        """Items, what is indented below them, and blank lines in between belong to one list."""
        index = end = at + 1
        while index < len(self._lines):
            line = self._lines[index]
            if line.isspace():
                index += 1
                continue
            after_blank = index > end
            is_continued = line[0].isspace() or _ITEM.match(line) is not None
            if (after_blank and not is_continued) or self._starts_anew(index):
                break
            fence = _opened_fence(line)
            index = end = self._after_fence(index, fence) if fence else index + 1
        return end

    def _starts_anew(self, index: int) -> bool:
        line = self._lines[index]
        return not line[0].isspace() and read_heading(self._lines, index) is not None


def _opened_fence(line: str) -> str:
    """The marks of the fence that this line opens, or nothing."""
    text = line.strip()
    mark = text[:1]
    if mark not in {"`", "~"}:
        return ""
    label = text.lstrip(mark)
    length = len(text) - len(label)
    is_inline_code = mark == "`" and "`" in label
    return mark * length if length >= _SHORTEST_FENCE and not is_inline_code else ""


def _is_delimiter_row(line: str) -> bool:
    return "|" in line and "-" in line and not line.strip().strip("|:+- \t")


def _interrupts_paragraph(line: str) -> bool:
    return bool(is_hash_heading(line) or _opened_fence(line) or _FIRST_ITEM.match(line))
