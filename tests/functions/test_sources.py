"""Sources: what is fetched becomes documents, and what has not changed costs nothing."""

import json

import pytest

from shared.errors import InvalidRequest
from shared.local.lambda_calls import storage_event
from tests.builders.embedding_state import execute
from tests.builders.events import failed_records, sqs_event
from tests.builders.source_runs import SourceRuns
from tests.builders.web_site import Page, WebSite

COUNTED = ("listed", "fetched", "not_modified", "changed", "failed", "deleted")
COUNTS = {**dict.fromkeys(COUNTED, 0), "error": None}


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


def test_a_listing_that_is_as_it_was_is_not_read_again(sources: SourceRuns, site: WebSite) -> None:
    site.article("/one", "One", "The text about one.", etag='"1"')
    rss(site, ("one", "One"), etag='"feed"')
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml")
    sources.finish()
    sources.refresh("news")
    assert sources.last_run("news") == {**COUNTS, "number": 2, "listed": 1, "not_modified": 1}
    rss(site, ("one", "One"), etag='"another"')
    sources.refresh("news")
    assert sources.last_run("news") == {**COUNTS, "number": 3, "listed": 1, "not_modified": 1}


def test_an_entry_may_be_a_document_by_itself(sources: SourceRuns, site: WebSite) -> None:
    rss(site, ("one", "One"), ("two", "Two"))
    settings = {"content": "entry"}
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml", settings=settings)
    sources.finish()
    assert sources.last_run("news") == {**COUNTS, "number": 1, "listed": 2, "fetched": 2, "changed": 2}
    assert sources.body(f"{site.url}/one").strip() == "What One is about."
    assert sources.embed() == 2
    # In another order, with one that is new, and one whose title has changed.
    rss(site, ("three", "Three"), ("two", "Two!"), ("one", "One"))
    sources.refresh("news")
    assert sources.last_run("news") == {**COUNTS, "number": 2, "listed": 3, "fetched": 3, "changed": 2}
    assert sources.embed() == 2
    assert site.paths() == ["/feed.xml"] * 2
    sources.refresh("news")
    assert sources.last_run("news") == {**COUNTS, "number": 3, "listed": 3}


def test_a_sitemap_is_followed_and_what_it_no_longer_has_is_deleted(
    sources: SourceRuns, site: WebSite
) -> None:
    paths = [f"/{number}" for number in range(10)]
    for path in paths:
        site.article(path, f"Page {path}", f"The text of the page {path}.", etag=f'"{path}"')
    url = sitemap(site, *paths, "/excluded/a")
    sources.create(id="site", kind="sitemap", url=url, settings={"exclude": ["*/excluded/*"]})
    sources.finish()
    assert sources.last_run("site") == {**COUNTS, "number": 1, "listed": 10, "fetched": 10, "changed": 10}
    sitemap(site, *paths[:8])
    sources.refresh("site")
    assert sources.last_run("site") == {
        **COUNTS, "number": 2, "listed": 8, "not_modified": 8, "deleted": 2,
    }  # fmt: skip
    assert sorted(sources.documents()) == [f"{site.url}{path}" for path in paths[:8]]


def test_a_refresh_that_would_delete_too_much_asks(sources: SourceRuns, site: WebSite) -> None:
    paths = [f"/{number}" for number in range(10)]
    for path in paths:
        site.article(path, f"Page {path}", f"The text of the page {path}.", etag=f'"{path}"')
    sources.create(id="site", kind="sitemap", url=sitemap(site, *paths))
    sources.finish()
    sitemap(site, *paths[:5])
    sources.refresh("site")
    asking = sources.get("site")
    assert (asking["state"], asking["deletions"], asking["next_due_at"]) == ("asking", 5, None)
    assert "5 of 10 documents would be deleted" in asking["error"]
    assert len(sources.documents()) == 10
    # One more has gone since: that is more than was asked for.
    sitemap(site, *paths[:4])
    approve = {"approve_deletions": True}
    assert sources.call("sources_update", "PATCH", "/site", approve)["statusCode"] == 200
    sources.finish()
    assert (sources.get("site")["state"], sources.get("site")["deletions"]) == ("asking", 6)
    sources.call("sources_update", "PATCH", "/site", approve)
    sources.finish()
    assert (sources.get("site")["state"], len(sources.documents())) == ("active", 4)
    refused = sources.call("sources_update", "PATCH", "/site", approve)
    assert (refused["statusCode"], refused["body"]["error"]["details"][0]["field"]) == (
        409,
        "approve_deletions",
    )


def test_after_asking_it_goes_on_when_all_is_there_again(sources: SourceRuns, site: WebSite) -> None:
    for path in ("/a", "/b"):
        site.article(path, path, f"The text of {path}.", etag='"1"')
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a", "/b"))
    sources.finish()
    sitemap(site, "/a")
    sources.refresh("site")
    assert sources.get("site")["state"] == "asking"
    sitemap(site, "/a", "/b")
    sources.refresh("site")
    assert (sources.get("site")["state"], len(sources.documents())) == ("active", 2)


@pytest.mark.parametrize(("mirror", "left"), [(False, 3), (True, 2)])
def test_a_feed_deletes_only_as_a_mirror(sources: SourceRuns, site: WebSite, mirror: bool, left: int) -> None:
    rss(site, *((name, name) for name in ("a", "b", "c")))
    settings = {"content": "entry", "mirror": mirror, "deletion_limit_percent": 50}
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml", settings=settings)
    sources.finish()
    rss(site, ("a", "a"), ("b", "b"))
    sources.refresh("news")
    assert len(sources.documents()) == left


def test_an_incomplete_listing_deletes_nothing(sources: SourceRuns, site: WebSite) -> None:
    for path in ("/a", "/b", "/c"):
        site.article(path, path, f"The text of {path}.")
    index = (
        '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"<sitemap><loc>{sitemap(site, '/a', '/b', path='/one.xml')}</loc></sitemap>"
        f"<sitemap><loc>{sitemap(site, '/c', path='/two.xml')}</loc></sitemap></sitemapindex>"
    )
    site.pages["/index.xml"] = Page(index.encode(), content_type="application/xml", etag='"1"')
    settings = {"deletion_limit_percent": 100}
    sources.create(id="site", kind="sitemap", url=f"{site.url}/index.xml", settings=settings)
    sources.finish()
    assert len(sources.documents()) == 3
    site.pages["/two.xml"] = Page(status=500)
    sources.refresh("site")
    assert sources.last_run("site")["listed"] == 2
    assert len(sources.documents()) == 3
    sitemap(site, path="/two.xml")
    sources.refresh("site")
    assert len(sources.documents()) == 2


def test_no_more_is_taken_than_may_be(sources: SourceRuns, site: WebSite) -> None:
    for path in ("/a", "/b", "/c"):
        site.article(path, path, f"The text of {path}.")
    url = sitemap(site, "/a", "/b", "/c")
    sources.create(id="site", kind="sitemap", url=url, settings={"max_pages": 2})
    sources.finish()
    assert sources.last_run("site")["listed"] == 2


def test_an_item_that_fails_keeps_its_document_and_is_left_alone_for_a_while(
    sources: SourceRuns, site: WebSite
) -> None:
    for path in ("/a", "/b"):
        site.article(path, path, f"The text of {path}.")
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a", "/b"))
    sources.finish()
    site.pages["/b"] = Page(status=500)
    sources.refresh("site")
    assert sources.last_run("site") == {**COUNTS, "number": 2, "listed": 2, "fetched": 1, "failed": 1}
    (failing,) = sources.get("site")["failing_items"]
    assert (failing["url"], failing["error"], failing["failures"]) == (
        f"{site.url}/b",
        "The server answered 500; it is tried again later.",
        1,
    )
    assert len(sources.documents()) == 2
    site.asked.clear()
    sources.refresh("site")
    assert "/b" not in site.paths()


def test_what_cannot_be_read_fails_alone(sources: SourceRuns, site: WebSite) -> None:
    site.article("/a", "A", "The text of a.")
    site.pages["/b"] = Page(b"%PDF-1.7\n1 0 obj\n<<", content_type="application/pdf")
    site.pages["/c"] = Page(b"# " + b"T" * 2_000 + b"\n\ntext", content_type="text/markdown")
    site.pages["/d"] = Page("Grüße".encode("latin-1"), content_type="text/plain; charset=iso-8859-1")
    site.pages["/e"] = Page(b"text", content_type="text/plain; charset=klingon")
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a", "/b", "/c", "/d", "/e"))
    sources.finish()
    failing = {item["url"].rpartition("/")[2] for item in sources.get("site")["failing_items"]}
    assert "b" in failing
    assert {"a", "d", "e"}.isdisjoint(failing)
    assert sources.body(f"{site.url}/d").strip() == "Grüße"


def test_a_source_that_fails_is_tried_later_and_later(sources: SourceRuns, site: WebSite) -> None:
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml")
    sources.finish()
    failing = sources.get("news")
    assert (failing["state"], failing["failures"], failing["error"]) == (
        "failing",
        1,
        "The server answered 404; look at the address.",
    )
    assert sources.pause("news") == pytest.approx(300, abs=30)
    sources.refresh("news")
    assert sources.pause("news") == pytest.approx(600, abs=30)
    site.article("/one", "One", "The text about one.")
    rss(site, ("one", "One"))
    sources.refresh("news")
    assert (sources.get("news")["state"], sources.get("news")["failures"]) == ("active", 0)
    assert sources.pause("news") == pytest.approx(86_400, abs=30)


def test_a_page_that_fails_makes_its_source_fail(sources: SourceRuns, site: WebSite) -> None:
    sources.create(id="about", kind="page", url=f"{site.url}/about", schedule_seconds=None)
    sources.finish()
    found = sources.get("about")
    assert (found["state"], found["next_due_at"]) == ("failing", None)
    assert found["error"] == "Nothing of it can be fetched. The server answered 404; look at the address."


def test_a_run_of_which_nothing_came_back_is_taken_up_again(
    sources: SourceRuns, site: WebSite, database_url: str
) -> None:
    rss(site, ("a", "a"))
    site.article("/a", "A", "The text of a.")
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml")
    (lost,) = sources.messages()
    execute(database_url, "UPDATE concord.source SET claimed_until = now()")
    refreshed = sources.functions.process("sources_refresh", {"schedule": "now"})
    assert refreshed == {"begun": 0, "resumed": 1, "given_up": 0}
    # What was taken for lost arrives nevertheless: it is stored, and does not go on beside the other.
    sources.fetch(lost)
    sources.store()
    assert len(sources.messages()) == 1
    execute(database_url, "UPDATE concord.source SET claimed_until = now(), lost = 3")
    refreshed = sources.functions.process("sources_refresh", {"schedule": "now"})
    assert refreshed == {"begun": 0, "resumed": 0, "given_up": 1}
    assert "did not come back" in sources.get("news")["error"]
    execute(database_url, "UPDATE concord.source SET next_due_at = now()")
    refreshed = sources.functions.process("sources_refresh", {"schedule": "now"})
    assert refreshed == {"begun": 1, "resumed": 0, "given_up": 0}
    sources.finish()
    assert len(sources.documents()) == 1


def test_what_has_no_time_is_asked_for_again(sources: SourceRuns, site: WebSite) -> None:
    for path in ("/a", "/b"):
        site.article(path, path, f"The text of {path}.")
    sources.create(id="site", kind="sitemap", url=sitemap(site, "/a", "/b"))
    sources.fetch(sources.messages()[0])
    sources.store()
    (message,) = sources.messages()
    sources.fetch(message, seconds=0.0)
    sources.store()
    assert sources.last_run("site") == {**COUNTS, "number": 1, "listed": 2}
    sources.finish()
    assert len(sources.documents()) == 2


def test_an_outcome_that_arrives_twice_or_too_late_changes_nothing(
    sources: SourceRuns, site: WebSite
) -> None:
    url = site.article("/about", "About", "The text.")
    sources.create(id="about", kind="page", url=url)
    (message,) = sources.messages()
    sources.fetch(message)
    (key,) = sources.outcomes()
    sources.store()
    before = sources.last_run("about")
    sources.functions.process("sources_store", storage_event(key, 1))
    sources.fetch(message)
    sources.store()
    assert (sources.last_run("about"), sources.outcomes()) == (before, [])
    sources.fetch(message)
    sources.call("sources_delete", "DELETE", "/about")
    sources.store()
    assert (sources.outcomes(), sources.documents()) == ([], {})


def test_sources_are_listed_changed_and_deleted(sources: SourceRuns, site: WebSite) -> None:
    url = site.article("/a", "A", "The text.")
    made = sources.create(kind="page", url=url)["body"]
    assert made["id"].startswith("page-")
    sources.create(id="a", kind="page", url=url)
    sources.finish()
    assert sources.create(id="a", kind="page", url=url)["body"]["error"]["code"] == "source_exists"
    first = sources.call("sources_list", "GET", "", query="limit=1")["body"]
    assert [source["id"] for source in first["sources"]] == ["a"]
    rest = sources.call("sources_list", "GET", "", query=f"cursor={first['cursor']}")["body"]
    assert ([source["id"] for source in rest["sources"]], rest["cursor"]) == ([made["id"]], None)
    change = {"schedule_seconds": 3600, "settings": {"max_pages": 5}, "paused": True}
    changed = sources.call("sources_update", "PATCH", "/a", change)["body"]
    assert (changed["schedule_seconds"], changed["settings"]["max_pages"], changed["state"]) == (
        3600,
        5,
        "paused",
    )
    sources.call("sources_update", "PATCH", "/a", {"refresh": True})
    assert sources.messages() == []
    sources.call("sources_update", "PATCH", "/a", {"paused": False})
    sources.finish()
    assert sources.last_run("a")["number"] == 2
    still = sources.call("sources_update", "PATCH", "/a", {"paused": False, "schedule_seconds": None})["body"]
    assert (still["state"], still["next_due_at"]) == ("active", None)
    kept = sources.call("sources_delete", "DELETE", "/a", query="keep_documents=true")["body"]
    assert kept == {"deleted": 0, "complete": True}
    gone = sources.call("sources_delete", "DELETE", f"/{made['id']}")["body"]
    assert gone == {"deleted": 1, "complete": True}
    assert len(sources.documents()) == 1
    assert sources.call("sources_get", "GET", "/a")["body"]["error"]["code"] == "source_not_found"


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"kind": "page", "url": "ftp://example.com/"}, "url"),
        ({"kind": "page", "url": "http://u:p@example.com/"}, "url"),
        ({"kind": "s3_prefix", "url": "https://example.com/"}, "url"),
        ({"kind": "rumour", "url": "https://example.com/"}, "kind"),
        ({"kind": "page", "url": "https://example.com/", "schedule_seconds": 1}, "schedule_seconds"),
        ({"kind": "page", "url": "https://example.com/", "id": ".."}, "id"),
        ({"kind": "page", "url": "https://example.com/", "settings": {"max_pages": 0}}, "max_pages"),
    ],
)
def test_what_is_no_source_is_refused(sources: SourceRuns, definition: dict[str, object], field: str) -> None:
    answer = sources.call("sources_create", "POST", "", definition)
    assert answer["statusCode"] == 422
    assert field in str(answer["body"]["error"]["details"])


def test_an_empty_change_and_other_events_are_refused(sources: SourceRuns) -> None:
    assert sources.call("sources_update", "PATCH", "/a", {})["statusCode"] == 422
    with pytest.raises(InvalidRequest):
        sources.functions.process("sources_refresh", {})
    messages = ["{", '{"collection_id": 0}', sources_message(correlation_id="\n")]
    answer = sources.functions.process("sources_fetch", sqs_event(*messages))
    assert answer == failed_records(0, 1, 2)


def sources_message(**fields: object) -> str:
    request = {"collection_id": 1, "source_id": "a", "run": 1, "batch": 1, "kind": "page", "settings": {}}
    return json.dumps({**request, **fields})
