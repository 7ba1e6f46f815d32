"""What keeps a file from asking for more than it may."""

from collections.abc import Iterable, Iterator

from shared.errors import UnreadableFile, UnreadableReason
from shared.parsing.limits import ParseLimits


def bounded(texts: Iterable[str], limits: ParseLimits) -> Iterator[str]:
    """The texts as they come, until they have more characters than may be. Raises UnreadableFile then."""
    characters = 0
    for text in texts:
        characters += len(text)
        if characters > limits.characters:
            raise too_much_text(limits)
        yield text


def too_much_text(limits: ParseLimits) -> UnreadableFile:
    message = f"The file has more than {limits.characters:,} characters of text; divide it into several."
    return UnreadableFile(UnreadableReason.TOO_LARGE, message)


def too_large(limits: ParseLimits) -> UnreadableFile:
    message = f"The file has more than {limits.bytes:,} bytes; divide it into several."
    return UnreadableFile(UnreadableReason.TOO_LARGE, message)
