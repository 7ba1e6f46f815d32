"""Sources in collections whose documents expire: what a listing still has stays."""

import asyncio
import time

import pytest

from shared.cache.null import NullCache
from shared.database.connections import open_connection
from shared.domain.principals import WORKER
from shared.queues.null import NullQueue
from shared.repositories.sources import find_source
from shared.services import renew_source_documents
from shared.services.finish_source_run import finish_source_run
from tests.builders.embedding_state import execute
from tests.builders.events import http_event
from tests.builders.library import settings_of
from tests.builders.source_runs import COLLECTION, SourceRuns
from tests.builders.web_site import WebSite
from tests.functions.test_sources import rss

WEEK = 7 * 24 * 60 * 60
SOON = "UPDATE concord.document SET expires_at = now() + interval '1 hour'"
PAST = "UPDATE concord.document SET expires_at = now() - interval '1 hour'"
RENEWED = "SELECT title FROM concord.document WHERE expires_at > now() + interval '6 days' ORDER BY title"


@pytest.fixture
def news(sources: SourceRuns, site: WebSite) -> SourceRuns:
    """A feed of five items, in a collection whose documents live for a week."""
    for name in ("one", "two", "three", "four", "five"):
        site.article(f"/{name}", name.title(), f"The text about number {name}.", etag=f'"{name}"')
    rss(site, *((name, name.title()) for name in ("one", "two", "three", "four", "five")))
    let_live(sources, WEEK)
    sources.create(id="news", kind="feed", url=f"{site.url}/feed.xml")
    sources.finish()
    return sources


def let_live(sources: SourceRuns, seconds: int | None) -> None:
    change = http_event("PATCH", COLLECTION, {"ttl_seconds": seconds})
    assert sources.functions("collections_update", change)["statusCode"] == 200


def test_what_is_listed_lives_on(
    news: SourceRuns, site: WebSite, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renew_source_documents, "ITEMS_PER_UNIT", 2)
    assert len(execute(database_url, RENEWED)) == 5
    execute(database_url, SOON)
    rss(site, *((name, name.title()) for name in ("one", "two", "three")))
    news.refresh("news")
    assert news.last_run("news")["not_modified"] == 3
    assert execute(database_url, RENEWED) == [("One",), ("Three",), ("Two",)]
    assert news.get("news")["state"] == "active"


def test_what_had_expired_comes_back_when_it_is_listed(news: SourceRuns, database_url: str) -> None:
    execute(database_url, PAST)
    assert news.functions.process("documents_expire", {"schedule": "now"})["documents"] == 5
    news.refresh("news")
    assert news.documents() == {}
    news.refresh("news")
    assert news.last_run("news")["changed"] == 5
    assert len(execute(database_url, RENEWED)) == 5


def test_without_a_ttl_nothing_is_moved(news: SourceRuns, database_url: str) -> None:
    let_live(news, None)
    execute(database_url, SOON)
    news.refresh("news")
    assert execute(database_url, RENEWED) == []


async def test_a_run_that_is_out_of_time_is_ended_later(news: SourceRuns, database_url: str) -> None:
    execute(database_url, SOON)
    execute(database_url, "UPDATE concord.source SET claimed_until = now() + interval '1 hour'")
    database = open_connection(settings_of(database_url))
    for deadline, renewed in ((0.0, 0), (time.monotonic() + 60, 5)):
        async with database.unit_of_work(WORKER) as unit:
            source = await find_source(unit, 1, "news")
        assert source.claimed_until is not None
        await finish_source_run(
            database, NullCache(), NullQueue(), WORKER, "guides", source, deadline=deadline
        )
        assert len(execute(database_url, RENEWED)) == renewed
    assert (await asyncio.to_thread(news.get, "news"))["refreshing"] is False
    await database.aclose()
