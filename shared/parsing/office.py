"""Office files: which they are, and whether they may be unpacked."""

import zipfile
from enum import StrEnum
from pathlib import Path

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.limits import ParseLimits

_MOST_PARTS = 10_000
_PASSWORD = "The file asks for a password; save it without one and send it again."  # noqa: S105 - a message
_ENCRYPTED_PART = "EncryptedPackage".encode("utf-16-le")
_OLD_TEXT_PART = "WordDocument".encode("utf-16-le")
_OLD_SHEET_PARTS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_IS_ENCRYPTED = 0x1


class OfficeFormat(StrEnum):
    TEXT = "docx"
    SHEETS = "xlsx"


def inspect_archive(path: Path, limits: ParseLimits) -> OfficeFormat:
    """What a ZIP archive is, by its parts. Raises UnreadableFile, also when it may not be unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError):
        message = "The file breaks off before its end or is damaged; send the whole file again."
        raise UnreadableFile(UnreadableReason.TRUNCATED, message) from None
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > limits.decompressed_bytes:
        message = (
            f"Unpacked, the file has more than {limits.decompressed_bytes:,} bytes; divide it into several."
        )
        raise UnreadableFile(UnreadableReason.HOSTILE, message)
    if any(part.flag_bits & _IS_ENCRYPTED for part in parts):
        raise UnreadableFile(UnreadableReason.ENCRYPTED, _PASSWORD)
    names = {part.filename for part in parts}
    if "word/document.xml" in names:
        return OfficeFormat.TEXT
    if any(name.startswith("xl/workbook.") for name in names):
        return OfficeFormat.SHEETS
    message = "The file is an archive of others; unpack it and send the files themselves."
    raise UnreadableFile(UnreadableReason.UNKNOWN_FORMAT, message)


def inspect_compound(path: Path) -> OfficeFormat:
    """What a file in the manner of Office before 2007 is. Raises UnreadableFile when it cannot be read."""
    data = path.read_bytes()
    if _ENCRYPTED_PART in data:
        raise UnreadableFile(UnreadableReason.ENCRYPTED, _PASSWORD)
    if any(part in data for part in _OLD_SHEET_PARTS) and _OLD_TEXT_PART not in data:
        return OfficeFormat.SHEETS
    message = "The file is of an old format of Office; save it as DOCX, XLSX or PDF and send that."
    raise UnreadableFile(UnreadableReason.UNKNOWN_FORMAT, message)
