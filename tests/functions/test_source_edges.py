"""Sources at their limits: of time, of size, and where others have been there before."""

import asyncio
import gzip
import json
import time
from pathlib import Path

from shared.cache.null import NullCache
from shared.database.connections import open_connection
from shared.domain.fetches import BatchOutcome, FetchRequest, ItemToFetch
from shared.domain.principals import WORKER
from shared.domain.sources import SourceDefinition, SourceKind, SourceSettings
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.crawler import Crawler
from shared.queues.null import NullQueue
from shared.repositories import sources as repository
from shared.services.delete_source import delete_source
from shared.services.fetch_source_batch import fetch_source_batch
from shared.services.finish_source_run import finish_source_run
from shared.storage.folder import FolderStorage
from tests.builders.embedding_state import execute
from tests.builders.events import http_event
from tests.builders.files import NESTED_PDF, write_encrypted_pdf
from tests.builders.library import settings_of
from tests.builders.source_runs import SourceRuns
from tests.builders.web_site import Page, WebSite
from tests.functions.test_sources import rss, sitemap

PDF = "application/pdf"


def stored_site(sources: SourceRuns, site: WebSite, *paths: str) -> None:
    for path in paths:
        site.article(path, path, f"The text of {path}.", etag='"1"')
    sources.create(
        id="site", kind="sitemap", url=sitemap(site, *paths), settings={"deletion_limit_percent": 100}
    )
    sources.finish()


def index(site: WebSite, path: str, *children: str) -> str:
    entries = "".join(f"<sitemap><loc>{site.url}{child}</loc></sitemap>" for child in children)
    body = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>'
    site.pages[path] = Page(body.encode(), content_type="application/xml")
    return f"{site.url}{path}"


async def fetch(folder: Path, request: FetchRequest, seconds: float) -> BatchOutcome:
    crawler, storage = Crawler(CheckedNetwork(allow_private=True)), FolderStorage(folder)
    await fetch_source_batch(crawler, storage, request, deadline=time.monotonic() + seconds)
    await crawler.aclose()
    return BatchOutcome.model_validate(json.loads(await storage.get(request.outcome_key)))


def request_for(
    url: str, *items: str, kind: SourceKind = SourceKind.SITEMAP, rate: float = 1000
) -> FetchRequest:
    return FetchRequest(
        collection_id=1,
        source_id="site",
        run=1,
        batch=1,
        kind=kind,
        settings=SourceSettings(requests_per_second=rate),
        listing=None if items else ItemToFetch(key=url, url=url),
        items=[ItemToFetch(key=item, url=item) for item in items],
    )


async def test_a_listing_without_time_is_a_problem_and_items_are_left(site: WebSite, tmp_path: Path) -> None:
    url = index(site, "/index.xml", "/a.xml", "/b.xml")
    listing = (await fetch(tmp_path, request_for(url, rate=0.01), 2)).listing
    assert listing is not None
    assert (listing.complete, listing.problem and listing.problem.code) == (False, "out_of_time")
    outcome = await fetch(tmp_path, request_for("", f"{site.url}/a", f"{site.url}/b", rate=0.01), 2)
    assert [item.state for item in outcome.items] == ["failed", "left"]
    late = await fetch(tmp_path, request_for("", f"{site.url}/a"), -1)
    assert [item.state for item in late.items] == ["left"]


async def test_indexes_of_indexes_are_followed_so_far(site: WebSite, tmp_path: Path) -> None:
    sitemap(site, "/deep", path="/deep.xml")
    index(site, "/4.xml", "/deep.xml")
    index(site, "/3.xml", "/4.xml")
    index(site, "/2.xml", "/3.xml", "/2.xml", "/leaf.xml")
    sitemap(site, "/leaf", path="/leaf.xml")
    listing = (await fetch(tmp_path, request_for(index(site, "/1.xml", "/2.xml")), 30)).listing
    assert listing is not None
    assert listing.items is not None
    assert ([item.url for item in listing.items], listing.complete) == ([f"{site.url}/leaf"], False)


def test_a_site_speaks_for_itself_alone(sources: SourceRuns, site: WebSite) -> None:
    site.article("/a", "A", "The text of a.")
    body = f"{site.url}/a\nhttps://elsewhere.example/b\n"
    site.pages["/sitemap.txt"] = Page(body.encode(), content_type="text/plain")
    sources.create(id="site", kind="sitemap", url=f"{site.url}/sitemap.txt")
    sources.finish()
    assert sources.last_run("site")["listed"] == 1


def test_documents_that_others_have_deleted_are_no_problem(sources: SourceRuns, site: WebSite) -> None:
    stored_site(sources, site, "/a", "/b")
    path = f"/v1/collections/guides/documents/{sources.documents()[f'{site.url}/b']['id']}"
    assert sources.functions("documents_delete", http_event("DELETE", path))["statusCode"] == 204
    sitemap(site, "/a")
    sources.refresh("site")
    assert (sources.last_run("site")["deleted"], len(sources.documents())) == (1, 1)


def test_what_cannot_be_a_document_fails_alone(sources: SourceRuns, site: WebSite, database_url: str) -> None:
    sources.create(id="about", kind="page", url=site.article("/about", "About", "The text."))
    execute(
        database_url,
        "UPDATE concord.source_item SET metadata ="
        " (SELECT jsonb_object_agg('field' || n, n) FROM generate_series(1, 300) n)",
    )
    sources.finish()
    (failing,) = sources.get("about")["failing_items"]
    assert "It cannot be a document: metadata" in failing["error"]


def test_who_deletes_a_source_is_told_of_documents_alone(sources: SourceRuns, site: WebSite) -> None:
    site.article("/a", "A", "The text of a.")
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a", "/gone"))
    sources.finish()
    assert sources.last_run("site")["failed"] == 1
    deleted = sources.call("sources_delete", "DELETE", "/site")["body"]
    assert deleted == {"deleted": 1, "complete": True}


def test_hostile_pages_fail_alone_and_say_what_to_do(
    sources: SourceRuns, site: WebSite, tmp_path: Path
) -> None:
    gone, breaks_off = {"location": "/loop"}, {"content-length": "100"}
    bomb = gzip.compress(bytes(30_000_000))
    pages = {
        "/loop": (Page(status=302, headers=gone), "redirects; give the address that they lead to"),
        "/short": (Page(headers=breaks_off, write=lambda send: send(b"text")), "it is tried again later"),
        "/bomb": (Page(bomb, headers={"content-encoding": "gzip"}), "split it, or leave it out"),
        "/gone": (Page(status=410), "The server answered 410; look at the address"),
        "/empty": (Page(b""), "The file is empty; send one with text in it"),
        "/secret": (
            Page(write_encrypted_pdf(tmp_path / "a", "secret").read_bytes(), PDF),
            "a password; save",
        ),
        "/nested": (Page(NESTED_PDF, PDF), "save it anew"),
        "/picture": (Page(b"\x89PNG\r\n\x1a\n" + bytes(99), "text/html"), "OCR"),
    }
    site.pages.update({path: page for path, (page, _) in pages.items()})
    site.article("/good", "Good", "The text of a good one.")
    sources.create(id="site", kind="sitemap", url=sitemap(site, *pages, "/good"))
    sources.finish()
    failing = {item["url"]: item["error"] for item in sources.get("site")["failing_items"]}
    assert {path for path, (_, told) in pages.items() if told not in failing[f"{site.url}{path}"]} == set()
    assert sources.documents().keys() == {f"{site.url}/good"}
    assert (sources.last_run("site")["failed"], sources.last_run("site")["changed"]) == (len(pages), 1)


def test_a_title_too_long_is_cut(sources: SourceRuns, site: WebSite) -> None:
    sources.create(id="about", kind="page", url=site.article("/about", "T" * 2_000, "The text."))
    sources.finish()
    (document,) = sources.documents().values()
    assert len(document["title"]) <= 1_000


def test_a_feed_item_with_a_title_too_long_is_cut(sources: SourceRuns, site: WebSite) -> None:
    rss(site, ("a", "T" * 3_000))
    sources.create(id="n", kind="feed", url=f"{site.url}/feed.xml", settings={"content": "entry"})
    sources.finish()
    (document,) = sources.documents().values()
    assert len(document["title"]) == 1_000


async def test_out_of_time_deleting_is_gone_on_with(
    sources: SourceRuns, site: WebSite, database_url: str
) -> None:
    await asyncio.to_thread(stored_site, sources, site, "/a", "/b")
    execute(
        database_url,
        "UPDATE concord.source SET claimed_until = now() + interval '1 hour', run = 2, listed_run = 2",
    )
    database = open_connection(settings_of(database_url))
    async with database.unit_of_work(WORKER) as unit:
        source = await repository.find_source(unit, 1, "site")
    for deadline, left in ((0.0, 2), (time.monotonic() + 60, 0)):
        await finish_source_run(
            database, NullCache(), NullQueue(), WORKER, "guides", source, deadline=deadline
        )
        count = "SELECT count(*)::int FROM concord.document"
        assert execute(database_url, count) == [(left,)]
    await database.aclose()


async def test_a_deletion_out_of_time_says_so(sources: SourceRuns, site: WebSite, database_url: str) -> None:
    await asyncio.to_thread(stored_site, sources, site, "/a")
    execute(
        database_url,
        "INSERT INTO concord.source_item (collection_id, source_id, key, url, document_id, seen_run)"
        " SELECT 1, 'site', 'k' || n, '', 'd' || n, 0 FROM generate_series(1, 600) n",
    )
    database = open_connection(settings_of(database_url))

    async def delete(seconds: float) -> tuple[int, bool]:
        return await delete_source(
            *(database, NullCache(), NullQueue(), WORKER, "guides", "site"),
            keep_documents=False,
            time_budget_seconds=seconds,
        )

    assert await delete(0.0) == (1, False)
    # Of the others there are no documents.
    assert await delete(60.0) == (0, True)
    await database.aclose()


def test_more_sources_are_due_than_one_unit_takes(sources: SourceRuns, database_url: str) -> None:
    execute(
        database_url,
        "INSERT INTO concord.source (collection_id, id, kind, url)"
        " SELECT 1, 's' || n, 'feed', 'http://127.0.0.1/' || n FROM generate_series(1, 45) n",
    )
    assert sources.functions.process("sources_refresh", {"schedule": "now"})["begun"] == 45
    assert len(sources.messages()) == 45


def test_a_message_has_as_many_items_as_it_holds(
    sources: SourceRuns, site: WebSite, database_url: str
) -> None:
    stored_site(sources, site, "/a")
    execute(
        database_url,
        "INSERT INTO concord.source_item"
        " (collection_id, source_id, key, url, document_id, seen_run, pending_run)"
        " SELECT 1, 'site', 'k' || n, 'http://127.0.0.1/' || repeat('x', 1900), 'd' || n, 2, 2"
        " FROM generate_series(1, 150) n",
    )
    execute(database_url, "UPDATE concord.source SET run = 2, listed_run = 2, claimed_until = now()")
    sources.functions.process("sources_refresh", {"schedule": "now"})
    (message,) = sources.messages()
    assert 90 < len(json.loads(message)["items"]) < 150
    assert len(message) < 250_000


def test_an_entry_with_markup_is_read_as_html(sources: SourceRuns, site: WebSite) -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>One</title><link href="/one"/>'
        "<content type='html'>&lt;p&gt;A text with &lt;b&gt;much&lt;/b&gt; to say about harbours, bridges"
        " and boats.&lt;/p&gt;</content></entry></feed>"
    )
    site.pages["/feed.xml"] = Page(body.encode(), content_type="application/atom+xml")
    sources.create(id="n", kind="feed", url=f"{site.url}/feed.xml", settings={"content": "entry"})
    sources.finish()
    assert "much" in sources.body(f"{site.url}/one")
    assert "<b>" not in sources.body(f"{site.url}/one")


def test_an_s3_prefix_is_a_source() -> None:
    definition = SourceDefinition(kind=SourceKind.S3_PREFIX, url="s3://bucket/prefix/")
    assert definition.url == "s3://bucket/prefix/"
