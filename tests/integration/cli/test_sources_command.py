"""`concord sources`, on a laptop: a feed is added, refreshed, approved and removed."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer

from shared.cli.source_tables import kind_of, seconds_of
from tests.builders.command_line import concord
from tests.builders.embedding_state import execute
from tests.builders.web_site import WebSite, open_web_site
from tests.functions.test_sources import rss, sitemap


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FETCH_ALLOW_PRIVATE", "true")
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{tmp_path}/objects")
    for name in ("FETCH_QUEUE_URL", "REDIS_URL", "EMBED_QUEUE_URL", "CONCORD_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_feed_from_adding_to_removing(site: WebSite) -> None:
    for name in ("one", "two"):
        site.article(f"/{name}", name, f"The text about {name}.", etag='"1"')
    rss(site, ("one", "One"), ("two", "Two"))
    added = concord(
        *("sources", "add", f"{site.url}/feed.xml", "-c", "shop", "--id", "news"),
        *("--every", "6h", "--exclude", "*.png", "--wait"),
    )
    assert (added.code, "active" in added.out) == (0, True), added.said
    shown = concord("sources", "show", "news", "-c", "shop", "--json").json
    assert (shown["runs"][0]["changed"], shown["schedule_seconds"]) == (2, 21_600)
    site.article("/two", "two", "Another text.", etag='"2"')
    refreshed = concord("sources", "refresh", "news", "-c", "shop", "--wait", "--json").json
    assert [run["changed"] for run in refreshed["runs"]] == [1, 2]
    assert [run["not_modified"] for run in refreshed["runs"]] == [1, 0]
    concord("sources", "add", f"{site.url}/one", "-c", "shop", "--every", "never")
    assert "news" in concord("sources", "list", "-c", "shop").out
    listed = concord("sources", "list", "-c", "shop", "--json").json
    assert {source["schedule_seconds"] for source in listed} == {21_600, None}
    removed = concord("sources", "remove", "news", "-c", "shop", "--json").json
    assert removed == {"id": "news", "deleted": 2}
    (other,) = concord("sources", "list", "-c", "shop", "--json").json
    assert "is gone" in concord("sources", "remove", other["id"], "-c", "shop", "--keep-documents").said


def test_deletions_are_asked_about_and_approved(site: WebSite) -> None:
    for path in ("/a", "/b"):
        site.article(path, path, f"The text of {path}.", etag='"1"')
    address = sitemap(site, "/a", "/b", "/missing")
    concord("sources", "add", address, "-c", "shop", "--id", "site", "--wait")
    shown = concord("sources", "show", "site", "-c", "shop")
    assert (shown.code, "The server answered 404" in shown.out) == (0, True)
    sitemap(site, "/a")
    asking = concord("sources", "refresh", "site", "-c", "shop", "--wait")
    assert (asking.code, "would be deleted" in " ".join(asking.out.split())) == (1, True)
    approved = concord("sources", "approve", "site", "-c", "shop", "--wait", "--json")
    assert (approved.code, approved.json["runs"][0]["deleted"]) == (0, 2)


def test_what_is_read_of_a_command_line() -> None:
    assert [seconds_of(every) for every in ("30m", "6h", "1d", "never")] == [1_800, 21_600, 86_400, None]
    with pytest.raises(typer.BadParameter):
        seconds_of("soon")
    addresses = ("s3://b/p", "https://e.com/sitemap_index.xml", "https://e.com/feed/", "https://e.com/x.rss")
    assert [kind_of(address) for address in addresses] == ["s3_prefix", "sitemap", "feed", "feed"]
    assert kind_of("https://e.com/about?x=feed.xml") == "page"


def test_a_long_list_is_shown_whole(database_url: str) -> None:
    concord("sources", "add", "http://127.0.0.1:9/feed", "-c", "shop")
    execute(
        database_url,
        "INSERT INTO concord.source (collection_id, id, kind, url, state)"
        " SELECT 1, 's' || n, 'feed', 'http://127.0.0.1/' || n, 'paused' FROM generate_series(1, 120) n",
    )
    assert len(concord("sources", "list", "-c", "shop", "--json").json) == 121


def test_what_is_not_removed_at_once_is_removed_by_asking_again() -> None:
    """As a deployment answers whose time was up before all documents were deleted."""
    answers = iter([{"deleted": 500, "complete": False}, {"deleted": 7, "complete": True}])

    class Handler(BaseHTTPRequestHandler):
        def do_DELETE(self) -> None:
            body = json.dumps(next(answers)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        removed = concord("sources", "remove", "news", "-c", "shop", "--url", url, "--json").json
        server.shutdown()
        thread.join()
    assert removed == {"id": "news", "deleted": 507}
