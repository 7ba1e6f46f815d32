"""What was found in a text: where it is, as HTML, and cut to the words around it."""

import html
import re
from collections.abc import Sequence

type Range = tuple[int, int]

# Postgres marks the words it found with these, which no sensible text contains.
_START, _STOP = "\x02", "\x03"
# What stands for itself in a text and is read as a space.
_READ_AS_SPACES = frozenset(f"<>{_START}{_STOP}")
_AS_SPACES = {ord(character): " " for character in _READ_AS_SPACES}
_WITHOUT_MARKS = {ord(_START): None, ord(_STOP): None}
_MARKS = re.compile(f"[{_START}{_STOP}]")
_MARKED = re.compile(f"{_START}([^{_START}{_STOP}]+){_STOP}")
_WORD = re.compile(r"\S+")


def marked_ranges(text: str, marked: str) -> list[Range]:
    """Where `text` has what `marked`, the same text as Postgres reads it, marks.

    Postgres puts spaces between characters of writing without them, and may write a character otherwise: then
    its words are looked for.
    """
    if marked.translate(_WITHOUT_MARKS) == text.translate(_AS_SPACES):
        return _ranges_between_marks(marked)
    ranges: list[Range] = []
    place, opened = 0, 0
    for character in marked:
        if character == _START:
            opened = place
        elif character == _STOP:
            _append(ranges, (opened, place))
        elif place < len(text) and _reads_as(text[place], character):
            place += 1
        elif character != " ":
            return _ranges_of_words(text, set(_MARKED.findall(marked)))
    return ranges


def _ranges_between_marks(marked: str) -> list[Range]:
    """Of parts that follow each other, every second is marked."""
    ranges: list[Range] = []
    place = 0
    for number, part in enumerate(_MARKS.split(marked)):
        if number % 2:
            _append(ranges, (place, place + len(part)))
        place += len(part)
    return ranges


def _reads_as(character: str, read: str) -> bool:
    return character == read or (read == " " and character in _READ_AS_SPACES)


def _append(ranges: list[Range], found: Range) -> None:
    if ranges and ranges[-1][1] == found[0]:
        found = (ranges.pop()[0], found[1])
    ranges.append(found)


def _ranges_of_words(text: str, words: set[str]) -> list[Range]:
    if not words:
        return []
    longest_first = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)"
    return [match.span() for match in re.finditer(pattern, text)]


def as_html(text: str, ranges: Sequence[Range], within: Range | None = None) -> str:
    """`text` as HTML with `ranges`, in order, inside <mark>; everything else is escaped.

    Of a part `within` the rest is told by ellipses, and a range that goes on there ends where the part does.
    """
    start, end = within or (0, len(text))
    parts = ["…" if start else ""]
    place = start
    for found_start, found_end in ranges:
        first, last = max(found_start, start), min(found_end, end)
        if first < last:
            parts += [html.escape(text[place:first]), "<mark>", html.escape(text[first:last]), "</mark>"]
            place = last
    parts += [html.escape(text[place:end]), "…" if end < len(text) else ""]
    return "".join(parts).translate(_WITHOUT_MARKS)


def crop(text: str, ranges: Sequence[Range], words: int) -> Range:
    """The part of `text`, of so many words, with the most of `ranges` in it; of equal ones the first."""
    places = [match.span() for match in _WORD.finditer(text)]
    if len(places) <= words:
        return 0, len(text)
    is_marked = [any(start < last and first < end for first, last in ranges) for start, end in places]
    best, most, count = 0, -1, sum(is_marked[:words])
    for first in range(len(places) - words + 1):
        if first:
            count += is_marked[first + words - 1] - is_marked[first - 1]
        if count > most:
            best, most = first, count
    # What was found stands in the middle of what is shown, as far as there is room.
    marked = [place for place in range(best, best + words) if is_marked[place]]
    if marked:
        spare = words - (marked[-1] - marked[0] + 1)
        best = min(max(marked[0] - spare // 2, 0), len(places) - words)
    return places[best][0], places[best + words - 1][1]
