"""Values filed under phrases, which are found wherever the phrase stands in a text."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

type Words = tuple[str, ...]


class PhraseTable[Value]:
    """Looks a place of a text up in steps that do not grow with the number of phrases."""

    def __init__(self, entries: Iterable[tuple[Words, Value]]) -> None:
        """Phrases have one word at least; values of equal phrases keep their order."""
        self._values: dict[Words, list[Value]] = defaultdict(list)
        for phrase, value in entries:
            self._values[phrase].append(value)
        lengths: dict[str, set[int]] = defaultdict(set)
        for phrase in self._values:
            lengths[phrase[0]].add(len(phrase))
        # From the longest on, by first word.
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def at(self, words: Sequence[str], place: int) -> Iterator[tuple[int, list[Value]]]:
        """The phrases that start at `place`, the longest first: how many words, and their values."""
        for length in self._lengths.get(words[place], ()):
            phrase = tuple(words[place : place + length])
            # Near the end of the text it is shorter, and another phrase.
            if len(phrase) == length and phrase in self._values:
                yield length, self._values[phrase]

    def exactly(self, words: Sequence[str]) -> list[Value]:
        return self._values.get(tuple(words), [])

    def within(self, words: Sequence[str]) -> Iterator[Value]:
        """What is filed under the phrases that stand anywhere in a text."""
        phrases = (
            tuple(words[place : place + length])
            for place in range(len(words))
            for length, _ in self.at(words, place)
        )
        for phrase in dict.fromkeys(phrases):
            yield from self._values[phrase]
