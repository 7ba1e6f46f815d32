"""What text may hold to be stored."""


def storable_text(text: str) -> str:
    """Postgres cannot store U+0000 or half a surrogate pair, so they are refused rather than dropped."""
    if "\x00" in text:
        raise ValueError("must not contain the character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return text
