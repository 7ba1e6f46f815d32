"""Rows of cells as the lines of a Markdown table."""

from collections.abc import Iterable, Iterator, Sequence

from shared.domain.sizes import MAX_COLUMNS
from shared.errors import UnreadableFile, UnreadableReason


def table_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """One line for each row that has text, the first of them as the table's head.

    Raises UnreadableFile when a row has more than MAX_COLUMNS cells.
    """
    is_head = True
    for row in rows:
        if len(row) > MAX_COLUMNS:
            message = f"A table has more than {MAX_COLUMNS:,} columns; divide it into several."
            raise UnreadableFile(UnreadableReason.TOO_LARGE, message)
        cells = [" ".join(cell.replace("|", "\\|").split()) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        yield f"| {' | '.join(cells)} |"
        if is_head:
            yield f"|{' --- |' * len(cells)}"
        is_head = False
