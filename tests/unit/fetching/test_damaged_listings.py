"""Feeds and sitemaps with something wrong in them: each gives items that can be kept, or is refused."""

import gzip
import re
import time
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.fetches import ItemToFetch, ListingOutcome
from shared.domain.web_addresses import canonical_url
from shared.errors import FetchFailed
from shared.fetching.feeds import read_feed
from shared.fetching.sitemaps import read_sitemap
from tests.builders.damage import damaged

URL = "https://example.com/listing.xml"
RSS = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>T</title>
<item><guid isPermaLink="false">a</guid><link>/x?a=1&amp;b=2</link><title>One &amp; only</title>
<pubDate>Fri, 02 Jan 2026 03:04:05 GMT</pubDate><description>&lt;p&gt;Short.&lt;/p&gt;</description></item>
<item><link>https://example.com/y</link><description><![CDATA[<b/>L]]></description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:1</id><title>Grüße</title>
<link href="/one#a"/><published>2026-01-02T03:04:05Z</published><updated>2026-02-03T04:05:06+01:00</updated>
<content type="html">&lt;p&gt;Long.&lt;/p&gt;</content></entry></feed>"""
RDF = """<?xml version="1.0" encoding="iso-8859-1"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<item rdf:about="/z"><title>Täler</title><link>/z</link></item></rdf:RDF>"""
FEEDS = (RSS.encode(), ATOM.encode(), RDF.encode("cp1252"))
URLSET = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>\n /a?x=1&amp;y=2 </loc><lastmod>2026-01-02</lastmod></url>
<url><loc>https://example.com/b</loc></url></urlset>"""
SITEMAPS = (
    URLSET,
    b"<sitemapindex><sitemap><loc>/one.xml</loc></sitemap></sitemapindex>",
    b"\xef\xbb\xbfhttps://example.com/a\r\nhttps://example.com/b\r\n",
)
TYPES = (
    "application/rss+xml",
    "text/html; charset=us-ascii",
    "text/xml; charset=utf-16",
    "",
    "x; charset=\x00",
)


def refused_or[**P, T](read: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | FetchFailed:
    try:
        return read(*arguments, **named)
    except FetchFailed as error:
        return error


@settings(max_examples=300, deadline=2_000)
@given(damaged(FEEDS), st.sampled_from(TYPES), st.booleans())
def test_a_damaged_feed(body: bytes, content_type: str, with_content: bool) -> None:
    feed = refused_or(read_feed, body, URL, content_type, with_content=with_content)
    if isinstance(feed, FetchFailed):
        assert re.search("; (give the address|ask its publisher)", feed.message)
        return
    assert len({item.key for item in feed.items}) == len(feed.items)
    for item in feed.items:
        assert item.url == canonical_url(item.url)
        assert ItemToFetch(key=item.key, url=item.url).key
        assert (item.content is not None) == with_content
        assert item.title is None or 0 < len(item.title) <= 1_000
        assert "\x00" not in f"{item.key}{item.title}{item.content}"
        assert all("1970" <= str(told) < f"{time.gmtime().tm_year + 2}" for told in item.metadata.values())
    outcome = ListingOutcome(items=feed.items)
    assert ListingOutcome.model_validate_json(outcome.model_dump_json()) == outcome


@settings(max_examples=300, deadline=2_000)
@given(damaged(SITEMAPS), st.booleans())
def test_a_damaged_sitemap(body: bytes, packed: bool) -> None:
    sitemap = refused_or(read_sitemap, gzip.compress(body, 1) if packed else body, URL)
    if isinstance(sitemap, FetchFailed):
        assert re.search("no sitemap|cannot be unpacked", sitemap.message)
        return
    assert sitemap.addresses == list(dict.fromkeys(map(canonical_url, sitemap.addresses)))
