"""Which format a file has: by its first bytes where they tell, else by the end of its name."""

import re
from enum import StrEnum
from pathlib import PurePath

from shared.errors import UnreadableFile, UnreadableReason

# As much as is looked at; what tells a format stands near the beginning.
HEAD_BYTES = 4_096


class FileFormat(StrEnum):
    """A format, as far as the first bytes and the name tell: ARCHIVE and COMPOUND may hold Office files."""

    PDF = "pdf"
    ARCHIVE = "archive"
    COMPOUND = "compound"
    HTML = "html"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    RESTRUCTURED_TEXT = "restructured_text"
    TEXT = "text"


_SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".tsv": FileFormat.CSV,
    ".htm": FileFormat.HTML,
    ".html": FileFormat.HTML,
    ".xhtml": FileFormat.HTML,
    ".json": FileFormat.JSON,
    ".markdown": FileFormat.MARKDOWN,
    ".md": FileFormat.MARKDOWN,
    ".mdx": FileFormat.MARKDOWN,
    ".rst": FileFormat.RESTRUCTURED_TEXT,
}
_MARKS = ((b"PK\x03\x04", FileFormat.ARCHIVE), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFormat.COMPOUND))
# What has text in it that nobody here can get at, and what its sender may do instead.
_REFUSED = (
    (b"{\\rtf", "rich text", "save it as DOCX or PDF"),
    (b"PK\x05\x06", "an empty archive", "send the files themselves"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it and send the files themselves"),
    (b"BZh", "compressed by bzip2", "unpack it and send the files themselves"),
    (b"\xfd7zXZ\x00", "compressed by xz", "unpack it and send the files themselves"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and send the files themselves"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it and send the files themselves"),
    (b"\x89PNG\r\n", "a picture", "send a PDF with recognised text (OCR)"),
    (b"\xff\xd8\xff", "a picture", "send a PDF with recognised text (OCR)"),
    (b"GIF8", "a picture", "send a PDF with recognised text (OCR)"),
    (b"\x7fELF", "a program", "send documents only"),
    (b"MZ\x90\x00", "a program", "send documents only"),
)
_HTML = re.compile(
    rb"\A\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def tell_format(head: bytes, name: str) -> FileFormat:
    """The format of a file that begins with `head` (its first HEAD_BYTES) and is called `name`.

    Raises UnreadableFile for formats that hold no text, or none that can be had.
    """
    # Readers of PDF accept what stands before its mark.
    if b"%PDF-" in head[:1_024]:
        return FileFormat.PDF
    for mark, known in _MARKS:
        if head.startswith(mark):
            return known
    for mark, what, instead in _REFUSED:
        if head.startswith(mark):
            raise UnreadableFile(UnreadableReason.UNKNOWN_FORMAT, f"The file is {what}; {instead}.")
    text = head.removeprefix(_BYTE_ORDER_MARK)
    if _HTML.match(text):
        return FileFormat.HTML
    named = _SUFFIXES.get(PurePath(name).suffix.lower(), FileFormat.TEXT)
    if named is FileFormat.TEXT and text.lstrip()[:1] in {b"{", b"["}:
        return FileFormat.JSON
    return named


def is_named(known: FileFormat, name: str) -> bool:
    """Whether the name promises that format."""
    return _SUFFIXES.get(PurePath(name).suffix.lower()) is known
