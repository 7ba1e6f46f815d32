"""What hosts ask of robots: where not to go, and how long to wait between two requests."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from shared.errors import FetchFailed
from shared.fetching.http_fetcher import USER_AGENT, HttpFetcher
from shared.fetching.problems import FetchProblem

MOST_BYTES = 500_000
LONGEST_DELAY_SECONDS = 10.0
_REMEMBERED_SECONDS = 3_600.0
_REMEMBERED_FAILURE_SECONDS = 60.0
# What is wrong with the host is told as it is: it has nothing to do with the rules.
_OF_THE_HOST = frozenset({FetchProblem.REFUSED_ADDRESS, FetchProblem.UNREACHABLE, FetchProblem.TOO_SLOW})
_MOST_HOSTS = 1_000
_CLIENT_ERRORS = range(400, 500)


@dataclass(frozen=True, slots=True)
class Rules:
    """A host's rules, or why they cannot be had; then nothing else of it is fetched."""

    parsed: Any
    failure: FetchFailed | None
    until: float

    @property
    def delay_seconds(self) -> float:
        """What the host asks for, within bounds: who asks for an hour would stop everything."""
        asked = self.parsed.crawl_delay(USER_AGENT)
        return min(max(asked or 0.0, 0.0), LONGEST_DELAY_SECONDS)


class Robots:
    """Reads each host's robots.txt once an hour, or each minute while it cannot be read."""

    def __init__(self, fetcher: HttpFetcher) -> None:
        self._fetcher = fetcher
        self._known: dict[str, Rules] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def delay_of(self, url: str) -> float:
        """Seconds that the host wants between requests. Raises FetchFailed where it disallows the address."""
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        async with self._reading[host]:
            rules = self._known.get(host)
            if rules is None or rules.until < time.monotonic():
                if len(self._known) >= _MOST_HOSTS:
                    self._known.clear()
                    self._reading.clear()
                rules = self._known[host] = await self._read(f"{host}/robots.txt")
        if rules.failure is not None:
            raise rules.failure
        if not rules.parsed.can_fetch(url, USER_AGENT):
            raise FetchFailed(FetchProblem.REFUSED_BY_ROBOTS, "The host's robots.txt disallows this address.")
        return rules.delay_seconds

    async def _read(self, url: str) -> Rules:
        """Who has no robots.txt allows everything; who cannot be asked, nothing."""
        text, failure = "", None
        try:
            found = await self._fetcher.fetch(url, _permit_any, at_most=MOST_BYTES)
            text = (found.body or b"").decode("utf-8", "replace")
        except FetchFailed as error:
            if error.answered_status not in _CLIENT_ERRORS:
                failure = error if error.problem in _OF_THE_HOST else _unreadable()
        remembered = _REMEMBERED_SECONDS if failure is None else _REMEMBERED_FAILURE_SECONDS
        return Rules(Protego.parse(text), failure, time.monotonic() + remembered)


def _unreadable() -> FetchFailed:
    message = "The host's robots.txt cannot be read at the moment, and so nothing else is."
    return FetchFailed(FetchProblem.REFUSED_BY_ROBOTS, message)


async def _permit_any(_url: str) -> None:
    """A robots.txt is what tells of everything else."""
