"""Markdown, reStructuredText and plain text: what the chunker reads as it is."""

import re

from shared.chunking.headings import read_heading
from shared.parsing.parsed_file import JsonValue, ParsedFile

# A title stands at the beginning, after badges, licence notes or labels at most.
_LINES_BEFORE_A_TITLE = 40
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,20000}?)^---[ \t]*\n", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"""^(\w[\w-]*):[ \t]*(["']?)(\S.*?)\2[ \t]*$""", re.MULTILINE)
_FIELDS = {"title", "author", "date", "description", "language", "lang"}
_NAMES = {"date": "created", "lang": "language"}
_LONGEST_FIELD = 1_000


def parse_text(text: str) -> ParsedFile:
    """Plain text or reStructuredText, with its first heading as the title."""
    return ParsedFile(_first_heading(text), text)


def parse_markdown(text: str) -> ParsedFile:
    """Markdown; front matter goes into the title and the metadata, as far as it is one line a field."""
    front = _FRONT_MATTER.match(text)
    if front is None:
        return parse_text(text)
    body = text[front.end() :]
    told: dict[str, JsonValue] = {
        _NAMES.get(name, name): value[:_LONGEST_FIELD]
        for name, _, value in _FIELD.findall(front[1])
        if name in _FIELDS
    }
    title = told.pop("title", None)
    return ParsedFile(str(title) if title else _first_heading(body), body, metadata=told)


def _first_heading(text: str) -> str | None:
    lines = text[:20_000].splitlines()
    for at, line in enumerate(lines[:_LINES_BEFORE_A_TITLE]):
        heading = read_heading(lines, at) if line.strip() else None
        if heading and heading.title:
            return heading.title
    return None
