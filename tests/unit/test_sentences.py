"""Where sentences end, and where a full stop is only an abbreviation's."""

from itertools import pairwise

import pytest

from shared.chunking.sentences import sentence_ends


def _sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text, 0, len(text)), len(text)]
    return [text[start:end].strip() for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The first sentence.", "The second sentence."],
        ["Is this a question?", "It certainly is!", "Then all is well…", "So it seems."],
        ['He said "this is enough."', "And then he left."],
        ["(All of it in parentheses.)", "And then some more."],
        ["Dr. Smith and Prof. Jones met Mr. Brown.", "They talked all day."],
        ["Shown by Miller et al. Nature was silent.", "Nobody else was."],
        ["Use a database, e.g. Postgres, for this.", "Or do not use one."],
        ["J. R. R. Tolkien wrote it in the U.S. Army style.", "Or he did not."],
        ["It costs 3.50 dollars in version 2.0 of this.", "It was cheaper once."],
        ["It ended with a lower case. or so it seems."],
        ["It ended with marks -. Then it went on."[:22], "Then it went on."],
        ["Too short. No. But this is long enough.", "So there are two."],
        ["no sentence at all"],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    assert _sentences(" ".join(sentences)) == sentences


def test_only_the_given_part_is_read() -> None:
    text = "The first sentence is here. The second sentence is here. The third."
    assert list(sentence_ends(text, 28, 50)) == []
    assert list(sentence_ends(text, 28, len(text))) == [57]
