"""Sources: what is fetched becomes documents, and what has not changed costs nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.functions import Functions
from tests.builders.source_runs import SourceRuns, open_source_runs
from tests.builders.web_site import Page, WebSite, open_web_site

COUNTED = ("listed", "fetched", "not_modified", "changed", "failed", "deleted")
COUNTS = {**dict.fromkeys(COUNTED, 0), "error": None}


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


@pytest.fixture
def sources(functions: Functions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceRuns:
    return open_source_runs(functions, tmp_path, monkeypatch)


def rss(site: WebSite, *entries: tuple[str, str], etag: str | None = None) -> None:
    items = "".join(
        f"<item><guid>{name}</guid><link>{site.url}/{name}</link><title>{title}</title>"
        f"<description>What {title} is about.</description></item>"
        for name, title in entries
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
    site.pages["/feed.xml"] = Page(body.encode(), content_type="application/rss+xml", etag=etag)


def sitemap(site: WebSite, *paths: str, path: str = "/sitemap.xml") -> str:
    urls = "".join(f"<url><loc>{site.url}{name}</loc></url>" for name in paths)
    body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
    site.pages[path] = Page(body.encode(), content_type="application/xml")
    return f"{site.url}{path}"


def test_a_page_is_stored_and_looked_at_again(sources: SourceRuns, site: WebSite) -> None:
    url = site.article("/about", "About", "We mend bicycles in the harbour district.", etag='"1"')
    created = sources.create(id="about", kind="page", url=url)
    assert (created["statusCode"], created["body"]["refreshing"]) == (201, True)
    sources.finish()
    document = sources.documents()[url]
    assert document["title"] == "About"
    assert document["metadata"]["source"] == "about"
    assert sources.last_run("about") == {**COUNTS, "number": 1, "listed": 1, "fetched": 1, "changed": 1}
    assert sources.embed() == 1
    sources.refresh("about")
    assert sources.last_run("about") == {**COUNTS, "number": 2, "listed": 1, "not_modified": 1}
    assert site.asked[-1].headers["if-none-match"] == '"1"'
    assert sources.embed() == 0


def test_of_a_feed_only_the_changed_entry_is_embedded_again(sources: SourceRuns, site: WebSite) -> None:
    names = ("one", "two", "three")
    for name in names:
        site.article(f"/{name}", name.title(), f"The text about number {name}.", etag=f'"{name}"')
    rss(site, *((name, name.title()) for name in names))
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml")
    sources.finish()
    assert sources.last_run("news") == {**COUNTS, "number": 1, "listed": 3, "fetched": 3, "changed": 3}
    assert sources.embed() == 3
    site.article("/two", "Two", "Another text about number two.", etag='"two again"')
    site.asked.clear()
    sources.refresh("news")
    assert sources.last_run("news") == {
        **COUNTS, "number": 2, "listed": 3, "fetched": 1, "not_modified": 2, "changed": 1,
    }  # fmt: skip
    assert sorted(site.paths()) == ["/feed.xml", "/one", "/three", "/two"]
    assert sources.embed() == 1
    assert "Another text" in sources.body(f"{site.url}/two")
