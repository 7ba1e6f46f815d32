"""Sitemaps: as XML, as text, packed, and what only looks like one."""

import gzip
import time

import pytest

from shared.errors import FetchFailed
from shared.fetching.sitemaps import MOST_BYTES, Sitemap, read_sitemap

URL = "https://example.com/sitemap.xml"
SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def urlset(*addresses: str, extra: str = "") -> bytes:
    urls = "".join(f"<url><loc>\n {address} </loc>{extra}</url>" for address in addresses)
    return f'<?xml version="1.0"?><urlset xmlns="{SPACE}">{urls}</urlset>'.encode()


def test_addresses_are_those_of_pages_each_once() -> None:
    image = '<image:image xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
    extra = f"{image}<image:loc>https://example.com/image.png</image:loc></image:image>"
    body = urlset("https://example.com/a?x=1&amp;y=2", "/b", "/b", "mailto:x@example.com", extra=extra)
    expected = ["https://example.com/a?x=1&y=2", "https://example.com/b"]
    assert read_sitemap(body, URL) == Sitemap(expected, is_index=False)
    assert read_sitemap(gzip.compress(body), URL).addresses == expected


def test_an_index_lists_sitemaps() -> None:
    body = f'<sitemapindex xmlns="{SPACE}"><sitemap><loc>/one.xml</loc></sitemap></sitemapindex>'.encode()
    assert read_sitemap(body, URL) == Sitemap(["https://example.com/one.xml"], is_index=True)


def test_a_text_has_an_address_a_line() -> None:
    body = "\ufeffhttps://example.com/a\r\n\r\nhttps://example.com/b\r\n".encode()
    assert read_sitemap(body, URL).addresses == ["https://example.com/a", "https://example.com/b"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no addresses",
        b"https://example.com/a and more",
        b"<urlset><url>",
        b"<rss/>",
        b'<!DOCTYPE urlset [<!ENTITY a "b">]><urlset/>',
        gzip.compress(b"\0" * (MOST_BYTES + 1)),
        b"\x1f\x8bnot packed",
    ],
)
def test_what_is_no_sitemap(body: bytes) -> None:
    with pytest.raises(FetchFailed):
        read_sitemap(body, URL)


def test_one_that_is_nested_deeply_ends_soon() -> None:
    started = time.monotonic()
    assert read_sitemap(
        b"<urlset>" + b"<url>" * 200_000 + b"</url>" * 200_000 + b"</urlset>", URL
    ) == Sitemap([], is_index=False)
    assert time.monotonic() - started < 5
