"""Feeds as they come: in both formats, with what they leave out and what they lie about."""

import time

import pytest

from shared.errors import FetchFailed
from shared.fetching.feeds import read_feed

URL = "https://example.com/feed.xml"


def atom(entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{entries}</feed>'.encode()


def rss(items: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<rss version="2.0"><channel>{items}</channel></rss>'.encode()


def test_atom() -> None:
    feed = read_feed(
        atom(
            "<entry><id>urn:1</id><title>One &amp; only</title><link href='/one#part'/>"
            "<published>2026-01-02T03:04:05Z</published><updated>2026-02-03T04:05:06+01:00</updated>"
            "<summary>Short.</summary><content type='html'>&lt;p&gt;Long.&lt;/p&gt;</content></entry>"
        ),
        URL,
        "application/atom+xml",
        with_content=True,
    )
    (item,) = feed.items
    assert feed.whole
    assert item.model_dump() == {
        "key": "urn:1",
        "url": "https://example.com/one",
        "title": "One & only",
        "content": "<p>Long.</p>",
        "version": None,
        "metadata": {"published": "2026-01-02T03:04:05Z", "updated": "2026-02-03T03:05:06Z"},
    }


def test_an_entry_is_known_by_its_id_else_by_its_address() -> None:
    items = (
        "<item><guid isPermaLink='false'>a</guid><link>/x</link></item><item><link>/y</link></item>"
        "<item><guid isPermaLink='false'>a</guid><link>/z</link></item><item><title>nothing</title></item>"
        "<item><guid isPermaLink='false'>b</guid><link>mailto:x@example.com</link></item>"
    )
    feed = read_feed(rss(items), URL, "text/xml", with_content=False)
    assert [(item.key, item.url) for item in feed.items] == [
        ("a", "https://example.com/x"),
        ("https://example.com/y", "https://example.com/y"),
    ]
    with_content = read_feed(rss(items), URL, "text/xml", with_content=True)
    assert [item.key for item in with_content.items] == ["a", "https://example.com/y", "b"]


@pytest.mark.parametrize(
    "date", ["Mon, 32 Foo 2026", "Thu, 01 Jan 1900 00:00:00 GMT", "Sat, 01 Jan 2199 00:00:00 GMT", ""]
)
def test_dates_that_cannot_be_are_left_out(date: str) -> None:
    feed = read_feed(
        rss(f"<item><link>/x</link><pubDate>{date}</pubDate></item>"), URL, "text/xml", with_content=False
    )
    assert feed.items[0].metadata == {}


def test_a_feed_that_is_cut_gives_what_it_has_and_is_not_whole() -> None:
    body = rss("<item><link>/x</link></item><item><link>/y</link></item>")[:-40]
    feed = read_feed(body, URL, "application/rss+xml", with_content=False)
    assert (feed.items[0].url, feed.whole) == ("https://example.com/x", False)


def test_a_wrong_content_type_or_encoding_does_not_matter() -> None:
    body = rss("<item><link>/x</link><title>Grüße</title></item>")
    feed = read_feed(body, URL, "text/html; charset=us-ascii", with_content=False)
    assert (feed.items[0].title, feed.whole) == ("Grüße", True)


@pytest.mark.parametrize("body", [b"", b"<html><body>Hello</body></html>", b"\x00\xff\x00", b'{"a": 1}'])
def test_what_is_no_feed(body: bytes) -> None:
    with pytest.raises(FetchFailed, match="no RSS or Atom feed"):
        read_feed(body, URL, "text/html", with_content=False)


def test_signs_that_are_written_as_two_halves() -> None:
    title = "&#55357;&#56832; &#xD83D;&#xDE00; &#xd800; &#55000;"
    feed = read_feed(rss(f"<item><link>/x</link><title>{title}</title></item>"), URL, "", with_content=False)
    assert (feed.items[0].title, feed.whole) == ("😀 😀 \ufffd \ud6d8", True)


def test_a_feed_with_a_sign_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FetchFailed, match="ask its publisher to mend it"):
        read_feed(rss("<item><title>&#x110000;</title></item>"), URL, "", with_content=False)


def test_a_billion_laughs_are_not_laughed() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{entities}]>'
    started = time.monotonic()
    feed = read_feed(
        rss("<item><link>/x</link><title>&l9;</title></item>", head), URL, "text/xml", with_content=False
    )
    assert time.monotonic() - started < 30
    assert all(len(item.title or "") <= 1_000 for item in feed.items)


def test_no_file_is_read_for_an_entity() -> None:
    head = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    body = rss("<item><link>/x</link><title>a&x;b</title></item>", head)
    feed = read_feed(body, URL, "text/xml", with_content=False)
    with open("/etc/hostname", encoding="utf-8") as file:  # noqa: PTH123
        assert file.read().strip() not in str(feed.items)
