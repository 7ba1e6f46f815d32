"""Literals of a filter to their values. `position` is where the literal starts, from 0."""

import math
import re

from shared.querying.filter_problems import problem_at

LONGEST_NUMBER = 100

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"} | {mark: mark for mark in "\\\"'`/"}
_PATH_PART = re.compile(r"`((?:[^`\\]|\\.)+)`|([^.`]+)", re.DOTALL)


def read_string(literal: str, position: int) -> str:
    """The text between the quotes. Escapes: `\\n \\r \\t \\uXXXX`, a backslash before a mark."""
    return _unescape(literal[1:-1], position + 1)


def read_field_path(literal: str, position: int) -> tuple[str, ...]:
    """`author.name` to its parts; a part in backquotes may have any character, dots included."""
    return tuple(
        _unescape(part[1], position + part.start(1)) if part[1] is not None else part[2]
        for part in _PATH_PART.finditer(literal)
    )


def read_number(literal: str, position: int) -> int | float:
    if len(literal) > LONGEST_NUMBER:
        raise problem_at(position, f"a number may have {LONGEST_NUMBER} characters at most")
    if literal.removeprefix("-").isdigit():
        return int(literal)
    number = float(literal)
    if math.isinf(number):
        raise problem_at(position, "the number is too large")
    return number


def _unescape(quoted: str, position: int) -> str:
    def replace(escape: re.Match[str]) -> str:
        first, second, mark = escape.groups()
        if mark is not None:
            if mark not in _ESCAPED:
                raise problem_at(position + escape.start(), f"\\{mark} is not an escape")
            return _ESCAPED[mark]
        return _decode(first, second, position + escape.start())

    return _ESCAPE.sub(replace, quoted) if "\\" in quoted else quoted


def _decode(first: str, second: str | None, position: int) -> str:
    """One UTF-16 code unit, or two that JSON writers use for a character beyond the first plane."""
    units = bytes.fromhex(first + (second or ""))
    try:
        text = units.decode("utf-16-be")
    except UnicodeDecodeError:
        raise problem_at(position, "lone surrogates are not text") from None
    if text == "\0":
        raise problem_at(position, "NUL is not text")
    return text
