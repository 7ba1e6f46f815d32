"""Where sentences end."""

import re
from collections.abc import Iterator

# Bounded, so that a megabyte of full stops or quotes takes linear time.
_POSSIBLE_END = re.compile(r"([.!?\u2026])[\"'\u201d\u2019\xbb)\]]{0,3}\s+")
_LAST_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+){0,3}\Z")
_LONGEST_ABBREVIATION = 12
_SHORTEST_SENTENCE = 16
_ABBREVIATIONS = frozenset(
    {"al", "approx", "ca", "cf", "ch", "co", "corp", "dept", "dr", "e.g", "ed", "eds", "eq", "eqs"}
    | {"fig", "figs", "gen", "gov", "i.e", "inc", "jr", "ltd", "mr", "mrs", "ms", "mt", "no", "nos"}
    | {"nr", "op", "p", "pp", "prof", "ref", "refs", "resp", "rev", "sec", "sen", "sr", "st", "tab"}
    | {"viz", "vol", "vols", "vs", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept"}
    | {"oct", "nov", "dec"}
)


def sentence_ends(body: str, start: int, end: int) -> Iterator[int]:
    """Offsets where a next sentence starts, between `start` and `end`."""
    last = start
    for match in _POSSIBLE_END.finditer(body, start, end):
        if match.end() - last < _SHORTEST_SENTENCE:
            continue
        if match[1] != "." or not _goes_on(body, start, match.start(), match.end()):
            last = match.end()
            yield last


def _goes_on(body: str, start: int, stop: int, following: int) -> bool:
    """Whether the full stop at `stop` is part of an abbreviation."""
    if body[following : following + 1].islower():
        return True
    word = _LAST_WORD.search(body[max(start, stop - _LONGEST_ABBREVIATION) : stop])
    if word is None:
        return False
    is_initial = word[0][-1].isupper() and word[0][-2:-1] in {"", "."}
    return is_initial or word[0].lower() in _ABBREVIATIONS
