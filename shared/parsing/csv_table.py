"""CSV to a table, whatever separates its cells."""

import csv
import io
from collections import Counter

from shared.parsing.bounded import bounded
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.tables import table_lines

_SEPARATORS = ",;\t|"
_LINES_COMPARED = 50
_LINE_COMPARED = 10_000


def parse_csv(text: str, limits: ParseLimits) -> ParsedFile:
    """Raises UnreadableFile when it has too much text or too many columns."""
    # A quotation mark that nobody closes makes one cell of all that follows.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    rows = csv.reader(io.StringIO(text), delimiter=_separator(text))
    return ParsedFile(None, "\n".join(bounded(table_lines(rows), limits)))


def _separator(text: str) -> str:
    """The one by which most of the first lines have equally many cells, more than one."""
    lines = [line[:_LINE_COMPARED] for line in text[: _LINES_COMPARED * _LINE_COMPARED].splitlines()]
    best, most = ",", 0
    for separator in _SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(lines[:_LINES_COMPARED], delimiter=separator))
        agreeing = max((count for width, count in widths.items() if width > 1), default=0)
        if agreeing > most:
            best, most = separator, agreeing
    return best
