"""PDF: the text of each page, with the outline's entries as headings where they stand."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pypdfium2
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_GetLastError

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import bounded
from shared.parsing.decoding import clean
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import JsonValue, ParsedFile

_PAGE_BREAK = "\n\n"
_MOST_HEADINGS = 10_000
_DEEPEST_HEADING = 6
# A hyphen at a line's end, as PDFium tells of it, with the line's end.
_HYPHENATION = re.compile(r"[\x02\ufffe\u00ad]\n?")
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?")
# Titles that applications give, not people.
_NO_TITLE = re.compile(
    r"\A\s*(?:untitled|document\s*\d*|microsoft word - |.*\.(?:docx?|tex|indd|qxd|pdf)\s*\Z)", re.IGNORECASE
)
_LONGEST_FIELD = 1_000

type _Headings = dict[int, dict[str, int]]


def parse_pdf(path: Path, limits: ParseLimits) -> ParsedFile:
    """Raises UnreadableFile when it is encrypted, damaged, has too many pages or no text."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError:
        raise _refusal(path) from None
    if len(document) > limits.pages:
        message = f"The PDF has more than {limits.pages:,} pages; divide it into several."
        raise UnreadableFile(UnreadableReason.TOO_MANY_PAGES, message)
    headings = _headings(document)
    pages = [*bounded(_pages(document, headings), limits)]
    if not any(pages):
        message = "The PDF has no text, only pictures of it; send one with recognised text (OCR)."
        raise UnreadableFile(UnreadableReason.NO_TEXT, message)
    body, starts = _joined(pages)
    told = document.get_metadata_dict(skip_empty=True)
    title = clean(told.get("Title", "")).strip()
    return ParsedFile(title if title and not _NO_TITLE.match(title) else None, body, starts, _metadata(told))


def _refusal(path: Path) -> UnreadableFile:
    if FPDF_GetLastError() == FPDF_ERR_PASSWORD:
        message = "The PDF asks for a password; save it without one and send it again."
        return UnreadableFile(UnreadableReason.ENCRYPTED, message)
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 1_024, 0))
        ends = b"%%EOF" in file.read()
    if ends:
        message = "The PDF is damaged; save it anew in the application that made it, and send it again."
        return UnreadableFile(UnreadableReason.DAMAGED, message)
    message = "The PDF breaks off before its end; send the whole file again."
    return UnreadableFile(UnreadableReason.TRUNCATED, message)


def _pages(document: pypdfium2.PdfDocument, headings: _Headings) -> Iterator[str]:
    for index in range(len(document)):
        try:
            page = document[index]
            text_page = page.get_textpage()
            text = text_page.get_text_range()
            text_page.close()
            page.close()
        except pypdfium2.PdfiumError:
            # A damaged page is one without text: the others can be read.
            text = ""
        lines = _HYPHENATION.sub("", clean(text)).split("\n")
        yield "\n".join(_marked(lines, headings[index])).strip()


def _marked(lines: list[str], headings: dict[str, int]) -> Iterator[str]:
    """The lines, with `#` before those that the outline names, and blank lines around them."""
    for line in lines:
        level = headings.pop(_comparable(line), None)
        yield line.strip() if level is None else f"\n{'#' * level} {line.strip()}\n"


def _headings(document: pypdfium2.PdfDocument) -> _Headings:
    """By page the outline's entries, as they are compared with lines, and their levels."""
    headings: _Headings = defaultdict(dict)
    # An outline that leads nowhere costs what comes after.
    with suppress(pypdfium2.PdfiumError):
        for entry in islice(document.get_toc(), _MOST_HEADINGS):
            target = entry.get_dest()
            title = _comparable(entry.get_title())
            if target is not None and title:
                headings[target.get_index()].setdefault(title, min(entry.level + 1, _DEEPEST_HEADING))
    return headings


def _comparable(text: str) -> str:
    return " ".join(text.split()).casefold()


def _joined(pages: list[str]) -> tuple[str, tuple[int, ...]]:
    """A page starts with its first character, one without text where the next one does."""
    starts, length = [], 0
    for page in pages:
        starts.append(length)
        length += len(page) + len(_PAGE_BREAK) if page else 0
    body = _PAGE_BREAK.join(page for page in pages if page)
    return body, tuple(min(start, len(body)) for start in starts)


def _metadata(told: dict[str, str]) -> dict[str, JsonValue]:
    metadata: dict[str, JsonValue] = {
        name.lower(): clean(told[name])[:_LONGEST_FIELD]
        for name in ("Author", "Subject", "Keywords")
        if told.get(name, "").strip()
    }
    created = _DATE.match(told.get("CreationDate", ""))
    if created:
        year, month, day, *time = created.groups()
        metadata["created"] = f"{year}-{month}-{day}" + (f"T{':'.join(time)}" if time[0] else "")
    return metadata
