"""Fetching from real servers: what is fetched, and what is refused."""

import asyncio
import gzip
import itertools
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import FetchFailed
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.crawler import Crawler
from shared.fetching.http_fetcher import Fetched, FetchLimits, HttpFetcher, Validators
from shared.fetching.pacing import OutOfTime
from shared.fetching.problems import FetchProblem
from shared.fetching.robots import LONGEST_DELAY_SECONDS, Robots
from tests.builders.damage import damaged
from tests.builders.web_site import Page, WebSite, open_web_site

ROBOTS = b"""User-agent: *
Disallow: /private
Allow: /private/x$
Crawl-delay: 2
Sitemap: https://example.com/s.xml

User-agent: concord
Disallow: /*.pdf$
Request-rate: 1/5
Visit-time: 0600-0845
"""
LIMITS = FetchLimits(page_bytes=100_000, file_bytes=300_000, seconds=1.0)


@pytest.fixture
def site() -> Iterator[WebSite]:
    with open_web_site() as opened:
        yield opened


@pytest.fixture
async def crawler() -> AsyncIterator[Crawler]:
    opened = Crawler(CheckedNetwork(allow_private=True), LIMITS)
    yield opened
    await opened.aclose()


async def problem_of(crawler: Crawler, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as raised:
        await crawler.fetch(url, seconds_between=0)
    return raised.value


async def test_a_page_is_fetched_with_what_tells_whether_it_changes(site: WebSite, crawler: Crawler) -> None:
    site.pages["/a"] = Page(b"one", etag='"1"', last_modified="Sat, 28 Nov 2026 10:00:00 GMT")
    found = await crawler.fetch(f"{site.url}/a", seconds_between=0)
    validators = Validators('"1"', "Sat, 28 Nov 2026 10:00:00 GMT")
    assert found == Fetched(f"{site.url}/a", b"one", "text/html; charset=utf-8", validators)
    again = await crawler.fetch(f"{site.url}/a", validators, seconds_between=0)
    assert again.body is None
    assert site.asked[-1].headers["if-none-match"] == '"1"'
    assert site.asked[-1].headers["if-modified-since"] == "Sat, 28 Nov 2026 10:00:00 GMT"
    site.pages["/a"] = Page(b"two", etag='"2"')
    assert (await crawler.fetch(f"{site.url}/a", validators, seconds_between=0)).body == b"two"


async def test_a_date_alone_makes_a_request_conditional(site: WebSite, crawler: Crawler) -> None:
    date = "Sat, 28 Nov 2026 10:00:00 GMT"
    site.pages["/a"] = Page(b"one", last_modified=date)
    validators = Validators(None, date)
    assert (await crawler.fetch(f"{site.url}/a", validators, seconds_between=0)).body is None


async def test_not_modified_that_nobody_asked_for_is_an_error(site: WebSite, crawler: Crawler) -> None:
    site.pages["/a"] = Page(status=304)
    assert (await problem_of(crawler, f"{site.url}/a")).problem == FetchProblem.REFUSED_BY_SERVER


async def test_a_validator_too_long_to_keep_is_not_kept(site: WebSite, crawler: Crawler) -> None:
    site.pages["/a"] = Page(b"one", etag=f'"{"x" * 600}"')
    assert (await crawler.fetch(f"{site.url}/a", seconds_between=0)).validators == Validators()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("x-gzip", gzip.compress)],
)
async def test_packed_pages(
    site: WebSite, crawler: Crawler, encoding: str, packed: Callable[[bytes], bytes]
) -> None:
    site.pages["/a"] = Page(packed(b"words " * 10_000), headers={"content-encoding": encoding})
    assert (await crawler.fetch(f"{site.url}/a", seconds_between=0)).body == b"words " * 10_000


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (Page(gzip.compress(b"\0" * 50_000_000), headers={"content-encoding": "gzip"}), "too_large"),
        (Page(b"x" * 100_001), "too_large"),
        (Page(b"x" * 300_001, content_type="application/pdf"), "too_large"),
        (Page(b"not packed", headers={"content-encoding": "gzip"}), "unreadable_answer"),
        (Page(gzip.compress(b"a" * 999)[:-9], headers={"content-encoding": "gzip"}), "unreadable_answer"),
        (Page(b"x", headers={"content-encoding": "br"}), "unreadable_answer"),
        (Page(status=404), "refused_by_server"),
        (Page(status=500), "refused_by_server"),
        (Page(status=302), "refused_by_server"),
        (Page(status=302, headers={"location": "file:///etc/passwd"}), "refused_address"),
        (Page(status=301, headers={"location": "http://u:p@127.0.0.1/"}), "refused_address"),
        (Page(status=307, headers={"location": "/a"}), "too_many_redirects"),
        (Page(headers={"x-long": "x" * 200_000}), "unreachable"),
        (Page(headers={"content-length": "100"}, write=lambda send: send(b"short")), "unreachable"),
    ],
)
async def test_what_lies_or_is_too_much_is_refused(
    site: WebSite, crawler: Crawler, page: Page, problem: str
) -> None:
    site.pages["/a"] = page
    assert (await problem_of(crawler, f"{site.url}/a")).problem == problem


async def test_an_answer_that_is_longer_than_it_says_ends_where_it_says(
    site: WebSite, crawler: Crawler
) -> None:
    site.pages["/a"] = Page(headers={"content-length": "5"}, write=lambda send: send(b"words and more"))
    assert (await crawler.fetch(f"{site.url}/a", seconds_between=0)).body == b"words"


async def test_a_file_may_be_larger_than_a_page(site: WebSite, crawler: Crawler) -> None:
    site.pages["/a"] = Page(b"x" * 300_000, content_type="application/pdf")
    found = await crawler.fetch(f"{site.url}/a", seconds_between=0)
    assert found.body == b"x" * 300_000


async def test_a_slow_server_is_given_up(site: WebSite, crawler: Crawler) -> None:
    """It sends something again and again, so that no single wait is long."""

    def write(send: Callable[[bytes], object]) -> None:
        for _ in range(100):
            send(b".")
            time.sleep(0.05)

    site.pages["/a"] = Page(write=write)
    started = time.monotonic()
    assert (await problem_of(crawler, f"{site.url}/a")).problem == FetchProblem.TOO_SLOW
    assert time.monotonic() - started < 2


async def test_redirects_are_followed_and_told(site: WebSite, crawler: Crawler) -> None:
    for step in range(5):
        site.pages[f"/{step}"] = Page(status=302, headers={"location": f"/{step + 1}#part"})
    site.pages["/5"] = Page(b"there")
    found = await crawler.fetch(f"{site.url}/0", seconds_between=0)
    assert (found.url, found.body) == (f"{site.url}/5", b"there")
    site.pages["/5"] = Page(status=302, headers={"location": "/6"})
    assert (await problem_of(crawler, f"{site.url}/0")).problem == FetchProblem.TOO_MANY_REDIRECTS


@pytest.mark.parametrize(("asked", "seconds"), [("120", 120.0), ("999999999", 86_400.0), ("tomorrow", 0.0)])
async def test_a_host_may_ask_to_be_left_alone(
    site: WebSite, crawler: Crawler, asked: str, seconds: float
) -> None:
    site.pages["/a"] = Page(status=503, headers={"retry-after": asked})
    assert (await problem_of(crawler, f"{site.url}/a")).retry_after_seconds == seconds


async def test_nobody_there(crawler: Crawler) -> None:
    with open_web_site() as gone:
        url = gone.url
    assert (await problem_of(crawler, f"{url}/")).problem == FetchProblem.UNREACHABLE


async def test_robots_are_obeyed(site: WebSite, crawler: Crawler) -> None:
    site.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /private\n", content_type="text/plain")
    site.pages["/private/a"] = site.pages["/open"] = Page(b"text")
    site.pages["/away"] = Page(status=302, headers={"location": "/private/a"})
    assert (await problem_of(crawler, f"{site.url}/private/a")).problem == FetchProblem.REFUSED_BY_ROBOTS
    assert (await problem_of(crawler, f"{site.url}/away")).problem == FetchProblem.REFUSED_BY_ROBOTS
    assert (await crawler.fetch(f"{site.url}/open", seconds_between=0)).body == b"text"
    assert [asked.path for asked in site.asked] == ["/robots.txt", "/away", "/open"]


async def test_without_robots_that_can_be_read_nothing_is_fetched(site: WebSite, crawler: Crawler) -> None:
    site.pages["/robots.txt"] = Page(status=500)
    site.pages["/a"] = Page(b"text")
    assert (await problem_of(crawler, f"{site.url}/a")).problem == FetchProblem.REFUSED_BY_ROBOTS
    assert site.paths() == []


@settings(max_examples=40, deadline=2_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=damaged([ROBOTS]), path=st.sampled_from(["/private/x", "/a%20b?q=*", "/"]))
async def test_damaged_robots_allow_or_refuse(site: WebSite, body: bytes, path: str) -> None:
    site.pages["/robots.txt"] = Page(body, content_type="text/plain")
    fetcher = HttpFetcher(CheckedNetwork(allow_private=True), LIMITS)
    try:
        assert 0 <= await Robots(fetcher).delay_of(f"{site.url}{path}") <= LONGEST_DELAY_SECONDS
    except FetchFailed as error:
        refusal = error
        assert refusal.problem is FetchProblem.REFUSED_BY_ROBOTS
    finally:
        await fetcher.aclose()


async def test_a_host_is_not_asked_faster_than_it_likes(site: WebSite, crawler: Crawler) -> None:
    site.pages["/robots.txt"] = Page(b"User-agent: *\nCrawl-delay: 0.2\n", content_type="text/plain")
    site.pages["*"] = Page(b"text")
    await asyncio.gather(*(crawler.fetch(f"{site.url}/{n}", seconds_between=0.01) for n in range(4)))
    times = [asked.at for asked in site.asked if asked.path != "/robots.txt"]
    assert len(times) == len(site.asked) - 1 == 4
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) > 0.15


async def test_a_delay_of_hours_is_not_waited_for(site: WebSite, crawler: Crawler) -> None:
    site.pages["/robots.txt"] = Page(b"User-agent: *\nCrawl-delay: 7200\n", content_type="text/plain")
    site.pages["/a"] = Page(b"text")
    await crawler.fetch(f"{site.url}/a", seconds_between=0)
    delay = await crawler._robots.delay_of(f"{site.url}/a")
    assert delay == 10.0


async def test_many_hosts_are_forgotten_again(site: WebSite, crawler: Crawler) -> None:
    site.pages["*"] = Page(b"")
    robots, pace = crawler._robots, crawler._pace
    for number in range(1_001):
        await pace.wait(f"host{number}", 0.0, until=float("inf"))
    assert len(pace._next) <= 1_000
    await robots.delay_of(f"{site.url}/a")
    known = next(iter(robots._known.values()))
    robots._known = {f"host{number}": known for number in range(1_000)}
    await robots.delay_of(f"{site.url}/a")
    assert len(robots._known) == 1


async def test_what_would_be_fetched_too_late_is_not(site: WebSite, crawler: Crawler) -> None:
    site.pages["*"] = Page(b"text")
    until = time.monotonic() + 5
    await crawler.fetch(f"{site.url}/a", seconds_between=60, until=until)
    with pytest.raises(OutOfTime):
        await crawler.fetch(f"{site.url}/b", seconds_between=60, until=until)
    assert site.paths() == ["/a"]
