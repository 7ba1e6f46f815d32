"""Filter strings to filter trees."""

from shared.domain.filters import MAX_FILTER_CHARACTERS, Filter
from shared.querying.filter_problems import problem_at


def parse_filter(text: str) -> Filter:
    """The tree of `text`.

    Raises InvalidFilter, whose details give the column: code points of the whole string, from 1.
    """
    if len(text) > MAX_FILTER_CHARACTERS:
        message = f"a filter may have {MAX_FILTER_CHARACTERS} characters at most"
        raise problem_at(MAX_FILTER_CHARACTERS, message)
    if not text.strip():
        raise problem_at(0, "the filter is empty")
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise problem_at(position, "NUL and lone surrogates are not text")
    # A search without a filter starts faster for not loading the parser.
    from shared.querying.filter_parser import parse  # noqa: PLC0415

    return parse(text)
