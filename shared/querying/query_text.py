"""Queries as people type them, with quoted phrases and `-excluded` words."""

import re

from shared.domain.query_words import ParsedQuery, QueryPart, is_unfinished, normalized_words
from shared.errors import InvalidRequest

# Every one is a condition that each hit has to pass.
MAX_CONDITIONS = 100

# Straight, curly, low and full-width quotation marks and guillemets: languages disagree which of them
# opens, so each closes each.
_MARKS = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02'
# A mark after a letter or a digit opens nothing: there it is inches, or an abbreviation.
_OPENING = rf"(?<!\w)[{_MARKS}]"
_PART = re.compile(
    rf"(?P<minus_quoted>(?<!\S)-)?{_OPENING}(?P<quoted>[^{_MARKS}]*)[{_MARKS}]"
    rf"|(?P<minus_word>(?<!\S)-(?=[^\W\d_]))?(?P<word>(?:(?!{_OPENING}[^{_MARKS}]*[{_MARKS}])\S)+)"
)


def parse_query(text: str) -> ParsedQuery:
    """The parts of `text`, whatever it is: a quotation mark without another one is plain text.

    Punctuation alone is no part. Raises InvalidRequest for more than 100 quotations and exclusions.
    """
    parts: list[QueryPart] = []
    wanted: list[str] = []
    position, ends_in_word = 0, False
    for match in _PART.finditer(text):
        quoted = match["word"] is None
        typed = match["quoted"] if quoted else match["word"]
        part = QueryPart(
            text=typed.strip(),
            quoted=quoted,
            excluded=bool(match["minus_quoted"] or match["minus_word"]),
        )
        wanted.append(text[position : match.start()])
        if not part.excluded:
            wanted.append(typed)
        position = match.end()
        if normalized_words(part.text):
            parts.append(part)
            plain = not quoted and not part.excluded
            ends_in_word = plain and position == len(text) and is_unfinished(part.text)
    if sum(part.quoted or part.excluded for part in parts) > MAX_CONDITIONS:
        message = f"may have {MAX_CONDITIONS} quoted phrases and exclusions at most"
        raise InvalidRequest(details=[{"field": "q", "message": message}])
    return ParsedQuery(tuple(parts), ends_in_word, "".join(wanted).strip())
