"""JSON as text: one line for each value, under the names that lead to it."""

import json
from collections.abc import Iterator

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import bounded
from shared.parsing.decoding import clean
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import JsonValue, ParsedFile

# Deeper than people write; what is deeper is refused before Python's own limit is met.
_DEEPEST = 200
_TITLES = ("title", "name", "headline")


def parse_json(text: str, limits: ParseLimits) -> ParsedFile:
    """Raises UnreadableFile when it is not JSON, nested too deeply, or too much as text."""
    try:
        value: JsonValue = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        where = (
            f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        )
        message = f"The JSON breaks off or is not valid{where}; mend it and send it again."
        raise UnreadableFile(UnreadableReason.TRUNCATED, message) from None
    named = [value[name] for name in _TITLES if name in value] if isinstance(value, dict) else []
    title = next((clean(text) for text in named if isinstance(text, str) and text.strip()), None)
    return ParsedFile(title, clean("\n".join(bounded(_lines(value, (), 0), limits)).strip("\n")))


def _lines(value: JsonValue, path: tuple[str, ...], depth: int) -> Iterator[str]:
    """Items of a list are paragraphs of their own, which the chunker may part."""
    if depth > _DEEPEST:
        raise _too_deep()
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _lines(child, (*path, name), depth + 1)
    elif isinstance(value, list):
        for child in value:
            if isinstance(child, dict | list):
                yield ""
            yield from _lines(child, path, depth + 1)
    elif value is not None:
        label = ".".join(path)
        shown = value if isinstance(value, str) else json.dumps(value)
        yield f"{label}: {shown}" if label else shown


def _too_deep() -> UnreadableFile:
    message = f"The JSON is nested more than {_DEEPEST} levels deep; send it flatter."
    return UnreadableFile(UnreadableReason.HOSTILE, message)
