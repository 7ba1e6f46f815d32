"""Addresses of pages and files, in one spelling each."""

import re
from urllib.parse import quote, urlsplit

MAX_CHARACTERS = 2_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WORDLESS = re.compile(r"[\x00-\x20\x7f]")
_KEPT = "%/:=&?~#+!$,;'@()*[]-._"


def canonical_url(text: str) -> str:
    """The http or https address in ASCII, without fragment and default port.

    Raises ValueError, whose text says what is wrong.
    """
    text = text.strip()
    if _WORDLESS.search(text):
        raise ValueError("an address has no spaces and no control characters")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        raise ValueError("this is no address") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("only addresses of http and https are fetched")
    if not host:
        raise ValueError("an address names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not have a user or a password in it")
    netloc = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    path = quote(parts.path or "/", safe=_KEPT)
    query = quote(parts.query, safe=_KEPT)
    address = f"{parts.scheme}://{netloc}{path}{'?' if query else ''}{query}"
    if len(address) > MAX_CHARACTERS:
        raise ValueError(f"an address has {MAX_CHARACTERS} characters at most")
    return address


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode("ascii")
