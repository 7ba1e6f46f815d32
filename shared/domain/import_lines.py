"""Cuts a stream of bytes into lines."""

from typing import NamedTuple


class Line(NamedTuple):
    """A line without its end. `end` is where the next one begins; `text` is None when it is too long."""

    number: int
    end: int
    text: bytes | None


class LineSplitter:
    """Fed with the pieces of an object, from byte `start` on, where line `number` + 1 begins."""

    def __init__(self, *, start: int, number: int, longest: int) -> None:
        self._end = start
        self._number = number
        self._longest = longest
        self._parts: list[bytes] = []
        self._held = 0
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that end in this piece."""
        first, *rest = piece.split(b"\n")
        self._hold(first)
        lines = []
        for part in rest:
            lines.append(self._cut(1))
            self._hold(part)
        return lines

    def finish(self) -> list[Line]:
        """What is left behind the last line's end, if there is anything."""
        return [self._cut(0)] if self._held else []

    def _hold(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > self._longest:
            self._is_too_long = True
            self._parts.clear()
        else:
            self._parts.append(part)

    def _cut(self, line_end: int) -> Line:
        self._number += 1
        self._end += self._held + line_end
        text = None if self._is_too_long else b"".join(self._parts)
        self._parts, self._held, self._is_too_long = [], 0, False
        return Line(self._number, self._end, text)
