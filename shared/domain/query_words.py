"""The words of a query: as they were typed, and as they are looked up."""

import unicodedata
from typing import NamedTuple


class QueryPart(NamedTuple):
    """A word, or the words between quotes; `excluded` when a minus sign stood before it."""

    text: str
    quoted: bool
    excluded: bool


class ParsedQuery(NamedTuple):
    """A query in its parts, in the order typed.

    `ends_in_word`: the last thing typed is a plain word, which its writer may not have finished.
    `semantic_text`: what to embed, which is the query without exclusions and quotation marks.
    """

    parts: tuple[QueryPart, ...]
    ends_in_word: bool
    semantic_text: str

    @property
    def words(self) -> tuple[str, ...]:
        return self._texts(quoted=False, excluded=False)

    @property
    def phrases(self) -> tuple[str, ...]:
        return self._texts(quoted=True, excluded=False)

    @property
    def excluded_words(self) -> tuple[str, ...]:
        return self._texts(quoted=False, excluded=True)

    @property
    def excluded_phrases(self) -> tuple[str, ...]:
        return self._texts(quoted=True, excluded=True)

    def _texts(self, *, quoted: bool, excluded: bool) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts if part[1:] == (quoted, excluded))


class WordPlan(NamedTuple):
    """What to look up for a query, in lists ready to be bound.

    The first five lists are parallel, one clause each. Clauses of one group stand for one another:
    alternative 0 is what was typed, others are synonyms, and an alternative of several words has a clause
    for each. `expandable` words may be replaced by similar ones when nobody wrote them.
    `prefix_group` is the group whose alternative 0 ends in the word that is still being typed.
    """

    groups: list[int]
    alternatives: list[int]
    weights: list[float]
    texts: list[str]
    expandable: list[bool]
    prefix_group: int | None


def normalized_words(text: str) -> tuple[str, ...]:
    """The words of a text as settings and queries are compared: NFKC, caseless, bare of punctuation."""
    bare = (_bare(word) for word in _folded(text).split())
    return tuple(word for word in bare if word)


def is_unfinished(word: str) -> bool:
    """Whether more letters may follow: nothing stands after the last one."""
    return _part_of_word(word[-1])


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _bare(word: str) -> str:
    if word.isalnum():
        return word
    start, end = 0, len(word)
    while start < end and not _part_of_word(word[start]):
        start += 1
    while end > start and not _part_of_word(word[end - 1]):
        end -= 1
    return word[start:end]


def _part_of_word(character: str) -> bool:
    # Letters, numbers, the marks that many scripts write vowels with, and emoji.
    category = unicodedata.category(character)
    return category[0] in "LNM" or category == "So"
