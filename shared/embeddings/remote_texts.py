"""Cuts texts to what a provider reads and groups them into its requests."""

from collections.abc import Sequence

from shared.errors import EmbedderRejected


def cut_to_bytes(text: str, limit: int) -> str:
    """The longest beginning of `text` that has at most `limit` bytes in UTF-8.

    Providers count tokens by tokenizers of their own. No token is shorter than a byte, so a text of as
    many bytes as the model reads tokens always fits; in English it has about a quarter as many tokens.
    An empty text becomes a space, as providers refuse empty ones. Raises EmbedderRejected for lone
    surrogates.
    """
    try:
        return text.encode()[:limit].decode(errors="ignore") or " "
    except UnicodeEncodeError:
        raise EmbedderRejected("A text is not valid Unicode.") from None


def group_texts(texts: Sequence[str], *, count: int, characters: int) -> list[list[str]]:
    """Consecutive texts in groups of at most `count` texts and, unless one alone has more, `characters`."""
    groups: list[list[str]] = []
    size = 0
    for text in texts:
        if groups and len(groups[-1]) < count and size + len(text) <= characters:
            groups[-1].append(text)
            size += len(text)
        else:
            groups.append([text])
            size = len(text)
    return groups
