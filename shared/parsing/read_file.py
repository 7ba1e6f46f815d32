"""A file's text, in this process; `parse_file` has another one do it where parsers may break."""

from pathlib import Path

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.bounded import too_large, too_much_text
from shared.parsing.decoding import decode, decode_surely
from shared.parsing.formats import HEAD_BYTES, FileFormat, is_named, tell_format
from shared.parsing.json_text import parse_json
from shared.parsing.limits import ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.plain_text import parse_markdown, parse_text

_PLAIN = {FileFormat.TEXT, FileFormat.MARKDOWN, FileFormat.RESTRUCTURED_TEXT, FileFormat.JSON}
# What takes a few milliseconds at most, without any parser that others wrote.
_PLAIN_BYTES = 1_000_000


def read_plain(path: Path, name: str, limits: ParseLimits) -> ParsedFile | None:
    """The text of a small file that is certainly text, or None for any other. Raises UnreadableFile."""
    size = path.stat().st_size
    if size > limits.bytes:
        raise too_large(limits)
    if not size:
        raise _empty()
    with path.open("rb") as file:
        data = file.read(HEAD_BYTES)
        known = tell_format(data, name)
        if known not in _PLAIN or size > _PLAIN_BYTES:
            return None
        data += file.read(_PLAIN_BYTES)
    text = decode_surely(data)
    return None if text is None else _with_text(_read_text(text, known, name, limits))


def read_file(path: Path, name: str, limits: ParseLimits) -> ParsedFile:
    """The text of any file. Raises UnreadableFile, and whatever a parser does with what nobody foresaw."""
    with path.open("rb") as file:
        known = tell_format(file.read(HEAD_BYTES), name)
    return _with_text(_read_as(known, path, name, limits))


def _read_as(known: FileFormat, path: Path, name: str, limits: ParseLimits) -> ParsedFile:
    # Each parser is imported for its own files: their imports take longer than most files.
    match known:
        case FileFormat.PDF:
            from shared.parsing.pdf import parse_pdf  # noqa: PLC0415 - see above

            return parse_pdf(path, limits)
        case FileFormat.ARCHIVE | FileFormat.COMPOUND:
            return _read_office(known, path, limits)
        case FileFormat.HTML:
            from shared.parsing.html_page import parse_html  # noqa: PLC0415 - see above

            return parse_html(path.read_bytes(), limits)
    return _read_text(decode(path.read_bytes()), known, name, limits)


def _read_office(known: FileFormat, path: Path, limits: ParseLimits) -> ParsedFile:
    from shared.parsing.office import (  # noqa: PLC0415 - see `_read_as`
        OfficeFormat,
        inspect_archive,
        inspect_compound,
    )

    is_archive = known is FileFormat.ARCHIVE
    found = inspect_archive(path, limits) if is_archive else inspect_compound(path)
    if found is OfficeFormat.TEXT:
        from shared.parsing.docx_text import parse_docx  # noqa: PLC0415 - see `_read_as`

        return parse_docx(path, limits)
    from shared.parsing.sheets import parse_sheets  # noqa: PLC0415 - see `_read_as`

    return parse_sheets(path, limits)


def _read_text(text: str, known: FileFormat, name: str, limits: ParseLimits) -> ParsedFile:
    if not text.strip():
        raise _empty()
    if len(text) > limits.characters:
        raise too_much_text(limits)
    match known:
        case FileFormat.CSV:
            from shared.parsing.csv_table import parse_csv  # noqa: PLC0415 - see `_read_as`

            return parse_csv(text, limits)
        case FileFormat.MARKDOWN:
            return parse_markdown(text)
        case FileFormat.JSON:
            return _read_json(text, name, limits)
    return parse_text(text)


def _read_json(text: str, name: str, limits: ParseLimits) -> ParsedFile:
    """What only looks like JSON is read as the text that it is."""
    try:
        return parse_json(text, limits)
    except UnreadableFile as error:
        if is_named(FileFormat.JSON, name) or error.reason is not UnreadableReason.TRUNCATED:
            raise
        return parse_text(text)


def _with_text(parsed: ParsedFile) -> ParsedFile:
    if not parsed.body.strip():
        raise UnreadableFile(UnreadableReason.NO_TEXT, "The file has no text; send one with text in it.")
    return parsed


def _empty() -> UnreadableFile:
    return UnreadableFile(UnreadableReason.EMPTY, "The file is empty; send one with text in it.")
