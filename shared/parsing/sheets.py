"""XLSX, and XLS with it: each sheet a table below a heading."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import bounded
from shared.parsing.decoding import clean
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.tables import table_lines

type _Cell = str | float | bool | dt.date | dt.time | dt.timedelta


def parse_sheets(path: Path, limits: ParseLimits) -> ParsedFile:
    """What formulas came to, not themselves. Raises UnreadableFile."""
    try:
        workbook = CalamineWorkbook.from_path(path)
        body = "\n".join(bounded(_lines(workbook), limits)).strip()
    except (CalamineError, OSError, ValueError):
        message = (
            "The spreadsheet is damaged or asks for a password; save it anew, without one, in the application"
            " that made it, and send it again."
        )
        raise UnreadableFile(UnreadableReason.DAMAGED, message) from None
    return ParsedFile(None, clean(body))


def _lines(workbook: CalamineWorkbook) -> Iterator[str]:
    for name in workbook.sheet_names:
        rows = workbook.get_sheet_by_name(name).iter_rows()
        lines = table_lines([_shown(cell) for cell in row] for row in rows)
        first = next(lines, None)
        if first is not None:
            yield f"\n# {' '.join(name.split())}\n"
            yield first
            yield from lines


def _shown(cell: _Cell) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ")
    return str(cell)
