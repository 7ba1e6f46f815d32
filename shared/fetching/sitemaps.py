"""Sitemaps: lists of addresses, and lists of such lists."""

from typing import NamedTuple
from urllib.parse import urljoin
from xml.parsers import expat

from shared.domain.web_addresses import canonical_url
from shared.errors import FetchFailed
from shared.fetching.bodies import unpack
from shared.fetching.problems import FetchProblem

_GZIP = b"\x1f\x8b"
MOST_BYTES = 50_000_000
_LOCS = (["url", "loc"], ["sitemap", "loc"])
_DEPTH_OF_LOC = 3


class Sitemap(NamedTuple):
    """Addresses of pages, or of other sitemaps when it is an index."""

    addresses: list[str]
    is_index: bool


class _Declared(Exception):
    """The document declares a type of its own, which no sitemap does."""


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """What a sitemap lists, in XML or as text with an address a line, packed or not; each address once.

    Raises FetchFailed for what is none.
    """
    if body.startswith(_GZIP):
        body = unpack(body, at_most=MOST_BYTES)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_text(body, url)
    reader = _Reader()
    try:
        reader.read(body)
    except (expat.ExpatError, _Declared):
        raise FetchFailed(
            FetchProblem.UNREADABLE_ANSWER, "This is no sitemap, as it is no well-formed XML without a DTD."
        ) from None
    if reader.root not in {"urlset", "sitemapindex"}:
        raise FetchFailed(FetchProblem.UNREADABLE_ANSWER, "This is XML, but no sitemap.")
    return Sitemap(_addresses(reader.found, url), reader.root == "sitemapindex")


def _read_text(body: bytes, url: str) -> Sitemap:
    lines = body.decode("utf-8-sig", "replace").split()
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines):
        raise FetchFailed(
            FetchProblem.UNREADABLE_ANSWER, "This is no sitemap: neither XML nor a list of addresses."
        )
    return Sitemap(_addresses(lines, url), is_index=False)


def _addresses(texts: list[str], url: str) -> list[str]:
    found: dict[str, None] = {}
    for text in texts:
        try:
            found[canonical_url(urljoin(url, text.strip()))] = None
        except ValueError:
            continue
    return list(found)


class _Reader:
    """Collects what stands in <loc> of <url> and <sitemap>, and nothing of images and videos."""

    def __init__(self) -> None:
        self.root = ""
        self.found: list[str] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._declare

    def read(self, body: bytes) -> None:
        self._parser.Parse(body, True)

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._path.append(name.rpartition(" ")[2])
        self._text.clear()
        if len(self._path) == 1:
            self.root = self._path[0]

    def _end(self, _name: str) -> None:
        if len(self._path) == _DEPTH_OF_LOC and self._path[1:] in _LOCS:
            self.found.append("".join(self._text))
        self._path.pop()
        self._text.clear()

    def _declare(self, *_arguments: object) -> None:
        raise _Declared
