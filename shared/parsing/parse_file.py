"""Files to text."""

import asyncio
from pathlib import Path

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.decoding import decode_surely
from shared.parsing.formats import HEAD_BYTES, FileFormat, is_named, tell_format
from shared.parsing.json_text import parse_json
from shared.parsing.limits import DEFAULT_LIMITS, ParseLimits
from shared.parsing.parsed_file import ParsedFile
from shared.parsing.plain_text import parse_markdown, parse_text


async def parse_file(path: Path, name: str, limits: ParseLimits = DEFAULT_LIMITS) -> ParsedFile:
    """The text of the file at `path`, which its sender calls `name`. Raises UnreadableFile."""
    return await asyncio.to_thread(_parse, path, name, limits)


def _parse(path: Path, name: str, limits: ParseLimits) -> ParsedFile:
    data = path.read_bytes()
    if len(data) > limits.bytes:
        raise UnreadableFile(UnreadableReason.TOO_LARGE, f"The file has more than {limits.bytes} bytes.")
    text = decode_surely(data)
    known = tell_format(data[:HEAD_BYTES], name)
    match known:
        case FileFormat.TEXT | FileFormat.RESTRUCTURED_TEXT if text is not None:
            return parse_text(text)
        case FileFormat.MARKDOWN if text is not None:
            return parse_markdown(text)
        case FileFormat.JSON if text is not None:
            try:
                return parse_json(text)
            except UnreadableFile:
                if is_named(known, name):
                    raise
                return parse_text(text)
    raise UnreadableFile(UnreadableReason.UNKNOWN_FORMAT, f"Files of the format {known} are not read yet.")
