"""Headings: `# ATX`, and titles with a line of marks below, or above and below."""

import re
from collections.abc import Sequence
from typing import NamedTuple

LONGEST_TITLE = 200
_ATX = re.compile(r" {0,3}(#{1,6})(?=\s|\Z)")
_SHORTEST_MARKDOWN_UNDERLINE = 3
_OVERLINED_LEVEL = 0
_UNDERLINE_LEVELS = {"=": 1, "-": 2, "~": 3, "^": 4, '"': 5, "'": 5, "*": 5, "+": 5}
_NOT_A_TITLE = re.compile(r"\s*(?:[|>]|[-*+•]\s|```|~~~)|\s{4}")


class Heading(NamedTuple):
    """`lines` are the lines it takes; a lower `level` stands above a higher one."""

    level: int
    title: str
    lines: int


def read_heading(lines: Sequence[str], at: int) -> Heading | None:
    """The heading that starts in line `at`, which is not blank."""
    return _read_hashes(lines[at]) or _read_overlined(lines, at) or _read_underlined(lines, at)


def is_hash_heading(line: str) -> bool:
    return _ATX.match(line) is not None


def _read_hashes(line: str) -> Heading | None:
    hashes = _ATX.match(line)
    if hashes is None:
        return None
    title = line[hashes.end() :].strip()
    before_closing = title.rstrip("#")
    if not before_closing or before_closing[-1].isspace():
        title = before_closing.rstrip()
    return Heading(len(hashes[1]), title[:LONGEST_TITLE], 1)


def _read_overlined(lines: Sequence[str], at: int) -> Heading | None:
    if at + 2 >= len(lines):
        return None
    mark = _rule_mark(lines[at])
    if not mark or _rule_mark(lines[at + 2]) != mark:
        return None
    title = lines[at + 1].strip()
    shortest = min(len(lines[at].strip()), len(lines[at + 2].strip()))
    if not _may_be_title(title) or shortest < len(title):
        return None
    return Heading(_OVERLINED_LEVEL, title, 3)


def _read_underlined(lines: Sequence[str], at: int) -> Heading | None:
    if at + 1 >= len(lines):
        return None
    mark = _rule_mark(lines[at + 1])
    if not mark or not _may_be_title(lines[at]):
        return None
    title = lines[at].strip()
    length = len(lines[at + 1].strip())
    is_markdown = mark in "=-" and length >= _SHORTEST_MARKDOWN_UNDERLINE
    if not is_markdown and length < len(title):
        return None
    return Heading(_UNDERLINE_LEVELS[mark], title, 2)


def _rule_mark(line: str) -> str:
    """The character that a line consists of, if it is one that titles are underlined with."""
    rule = line.strip()
    mark = rule[:1]
    return mark if mark in _UNDERLINE_LEVELS and not rule.strip(mark) else ""


def _may_be_title(line: str) -> bool:
    is_text = not _rule_mark(line) and _NOT_A_TITLE.match(line) is None
    return is_text and 0 < len(line.strip()) <= LONGEST_TITLE
