"""A cheap guess, on the safe side, of how many WordPiece tokens a text has.

Writers cut text into chunks without carrying a tokenizer; a test compares with the real one.
"""

import re

_LONGEST_RUN = 48
_LETTERS = "A-Za-z\u00c0-\u024f"
_WORD_RUN = re.compile(f"[{_LETTERS}]{{1,{_LONGEST_RUN}}}")
_OTHER_RUN = re.compile(rf"[0-9]{{1,{_LONGEST_RUN}}}|[^\s0-9{_LETTERS}]")
# A word may be cut where these end, and its parts' estimates still sum to its own.
RUN = re.compile(rf"{_WORD_RUN.pattern}|[0-9]{{1,{_LONGEST_RUN}}}|[^\s0-9{_LETTERS}]{{1,16}}")
MOST_TOKENS_OF_A_RUN = _LONGEST_RUN // 2

# Tenths of a token by length, measured on English prose and READMEs; then a token for 3 letters.
_WORD_TENTHS = [
    *(
        0,
        10,
        11,
        12,
        13,
        13,
        15,
        15,
        17,
        18,
        20,
        22,
        23,
        24,
        30,
        35,
        45,
        50,
        55,
        60,
        65,
        70,
        75,
        80,
    ),
    *(-(-10 * length // 3) for length in range(24, _LONGEST_RUN + 1)),
]
# Digits make about one token for two; any other character is one of its own.
_OTHER_TENTHS = [0, 10, 10, 13, 16, *(5 * length for length in range(5, _LONGEST_RUN + 1))]


def estimate_tokens(text: str) -> int:
    """Tokens of `text`; the estimates of its words sum to at least as many."""
    words = map(_WORD_TENTHS.__getitem__, map(len, _WORD_RUN.findall(text)))
    others = map(_OTHER_TENTHS.__getitem__, map(len, _OTHER_RUN.findall(text)))
    return -(-(sum(words) + sum(others)) // 10)
