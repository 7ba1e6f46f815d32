"""Bytes to text: by a mark, as UTF-8, or as what they most probably are."""

import codecs

from shared.errors import UnreadableFile, UnreadableReason

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_BYTES = 65_536
_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b"})
# Text has next to none of these; programs, pictures and the like have many.
_MOST_CONTROLS = 0.02
_FEW_CONTROLS = 2
# In UTF-16 of a European text every other byte is zero.
_LEAST_ZEROS_OF_UTF_16 = 0.4


def decode_surely(data: bytes) -> str | None:
    """The text where its mark tells the encoding or it is UTF-8, and it is text; else None."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return clean(data[len(mark) :].decode(encoding, "replace"))
    if _looks_binary(data):
        return None
    try:
        return clean(data.decode())
    except UnicodeDecodeError:
        return None


def decode(data: bytes) -> str:
    """The text of a file in any encoding. Raises UnreadableFile when it is none."""
    text = decode_surely(data)
    if text is not None:
        return text
    encoding = _utf_16_without_mark(data)
    if encoding is not None:
        return clean(data.decode(encoding, "replace"))
    if _looks_binary(data):
        message = "The file is not text, nor of a format that is known; send PDF, DOCX, XLSX, HTML or text."
        raise UnreadableFile(UnreadableReason.NOT_TEXT, message)
    return clean(_mended_utf_8(data) or _guessed(data))


def clean(text: str) -> str:
    """Text as it can be stored: no U+0000, no half of a surrogate pair, lines that end in one way."""
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    try:
        text.encode()
    except UnicodeEncodeError:
        # Pairs that were written as two halves become the character they stand for.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _looks_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > _FEW_CONTROLS + len(sample) * _MOST_CONTROLS


def _utf_16_without_mark(data: bytes) -> str | None:
    sample = data[: min(_SAMPLE_BYTES, len(data) & ~1)]
    for zeros_at, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = sample[zeros_at::2].count(0)
        others = sample[1 - zeros_at :: 2].count(0)
        if zeros > len(sample) / 2 * _LEAST_ZEROS_OF_UTF_16 and others == 0:
            return encoding
    return None


def _mended_utf_8(data: bytes) -> str | None:
    """UTF-8 with some bytes of another encoding among it, or None when it is rather that other one."""
    text = data.decode("utf-8", "surrogateescape")
    strays = sum("\udc80" <= character <= "\udcff" for character in text)
    beyond_ascii = sum(character > "\x7f" for character in text) - strays
    if strays > beyond_ascii:
        return None
    return "".join(
        bytes([ord(character) - 0xDC00]).decode("cp1252", "replace")
        if "\udc80" <= character <= "\udcff"
        else character
        for character in text
    )


def _guessed(data: bytes) -> str:
    # Only files in other encodings need it, and functions that read none do without it.
    from resiliparse.parse.encoding import detect_encoding  # noqa: PLC0415 - see above

    return decoded_as(detect_encoding(data, html5_compatible=False) or "", data)


def decoded_as(encoding: str, data: bytes) -> str:
    """The text in this encoding, or in the most common one where Python does not know it."""
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("cp1252", "replace")
