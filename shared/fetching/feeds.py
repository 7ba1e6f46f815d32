"""RSS and Atom: the entries of a feed."""

import calendar
import io
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin

from shared.domain.fetches import ListedItem
from shared.domain.web_addresses import canonical_url
from shared.errors import FetchFailed
from shared.fetching.problems import FetchProblem

_MOST_TITLE_CHARACTERS = 1_000
_MOST_KEY_CHARACTERS = 2_000
_DAY_SECONDS = 86_400
# References to U+D800 to U+DFFF and some around them, in hexadecimal or decimal.
_HALF = re.compile(rb"&#(?:x0*(d[89a-f][0-9a-f]{2})|0*(5[5-7][0-9]{3}));", re.IGNORECASE)
_HALVES = re.compile(b"(?:%b)+" % _HALF.pattern, re.IGNORECASE)


class Feed(NamedTuple):
    items: list[ListedItem]
    # A feed that is broken somewhere may have more entries than could be read.
    whole: bool


def read_feed(body: bytes, url: str, content_type: str, *, with_content: bool) -> Feed:
    """Its entries, each once, in the feed's order. Raises FetchFailed for what is no feed.

    An entry is known by its id, else by its address: its place in the feed and its dates tell nothing.
    `with_content` keeps what entries say themselves; otherwise those without an address are left out.
    """
    parsed = _parsed(_without_halves(body), url, content_type)
    if not parsed.entries and not parsed.get("version"):
        raise FetchFailed(
            FetchProblem.UNREADABLE_ANSWER,
            "This is no RSS or Atom feed; give the address of the feed itself.",
        )
    items: dict[str, ListedItem] = {}
    for item in _items(parsed.entries, url, with_content):
        items.setdefault(item.key, item)
    return Feed(list(items.values()), whole=not _is_broken(parsed))


def _parsed(body: bytes, url: str, content_type: str) -> Any:
    import feedparser  # noqa: PLC0415 - only feeds need it.

    headers = {"content-type": content_type, "content-location": url}
    try:
        # Given as a file: a text might be taken for the address or the path of a feed.
        return feedparser.parse(io.BytesIO(body), response_headers=headers)
    except Exception:  # noqa: BLE001 - it raises anything on signs and encodings that do not exist
        raise FetchFailed(
            FetchProblem.UNREADABLE_ANSWER,
            "The feed is damaged and cannot be read; ask its publisher to mend it.",
        ) from None


def _without_halves(body: bytes) -> bytes:
    """Some publishers write a sign beyond U+FFFF as two numbers, which stand for nothing by themselves."""
    return _HALVES.sub(_joined, body)


def _joined(found: re.Match[bytes]) -> bytes:
    numbers = [
        int(hexadecimal or b"0", 16) or int(decimal) for hexadecimal, decimal in _HALF.findall(found[0])
    ]
    halves = "".join(map(chr, numbers))
    text = halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(f"&#{ord(sign)};" for sign in text).encode()


def _is_broken(parsed: Any) -> bool:
    import feedparser  # noqa: PLC0415 - only feeds need it.

    # A wrong declaration of encoding or type costs nothing of the content.
    harmless = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    return bool(parsed.bozo) and not isinstance(parsed.get("bozo_exception"), harmless)


def _items(entries: list[Any], url: str, with_content: bool) -> Iterator[ListedItem]:
    for entry in entries:
        address = _address(entry, url)
        key = str(entry.get("id") or "")[:_MOST_KEY_CHARACTERS] or address
        if key and (with_content or address):
            yield ListedItem(
                key=_storable(key),
                url=address or url,
                title=_storable(str(entry.get("title") or ""))[:_MOST_TITLE_CHARACTERS] or None,
                content=_storable(_content(entry)) if with_content else None,
                metadata=_dates(entry),
            )


def _address(entry: Any, url: str) -> str:
    try:
        return canonical_url(urljoin(url, str(entry.get("link") or "")) if entry.get("link") else "")
    except ValueError:
        return ""


def _content(entry: Any) -> str:
    parts = [str(part.get("value") or "") for part in entry.get("content", ())]
    return "\n".join(part for part in parts if part) or str(entry.get("summary") or "")


def _dates(entry: Any) -> dict[str, Any]:
    """When it says it was published and updated, as far as that can be: no time before 1970 or to come."""
    found = {}
    # Asked for a date that it does not have, an entry would give another.
    for name in (name for name in ("published", "updated") if f"{name}_parsed" in entry):
        parsed = entry[f"{name}_parsed"]
        seconds = calendar.timegm(parsed) if isinstance(parsed, time.struct_time) else -1
        if 0 < seconds < time.time() + _DAY_SECONDS:
            found[name] = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    return found


def _storable(text: str) -> str:
    """Without what Postgres cannot hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
