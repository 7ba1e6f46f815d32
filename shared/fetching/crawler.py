"""Fetches as a guest does: where it is welcome, and not faster than the host likes."""

import ssl
from urllib.parse import urlsplit

from shared.fetching.connecting import CheckedNetwork
from shared.fetching.http_fetcher import Fetched, FetchLimits, HttpFetcher, Validators
from shared.fetching.pacing import Pace
from shared.fetching.robots import Robots


class Crawler:
    """Outlives batches: connections, robots.txt and turns are remembered for as long as it does."""

    def __init__(
        self, network: CheckedNetwork, limits: FetchLimits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._fetcher = HttpFetcher(network, limits, tls)
        self._robots = Robots(self._fetcher)
        self._pace = Pace()

    async def fetch(
        self,
        url: str,
        validators: Validators | None = None,
        *,
        seconds_between: float,
        until: float = float("inf"),
    ) -> Fetched:
        """Each request to a host comes so many seconds after the one before.

        Raises FetchFailed; and OutOfTime when it would begin after that time of the monotonic clock.
        """

        async def permit(address: str) -> None:
            asked = await self._robots.delay_of(address)
            await self._pace.wait(urlsplit(address).netloc, max(asked, seconds_between), until=until)

        return await self._fetcher.fetch(url, permit, validators)

    async def aclose(self) -> None:
        await self._fetcher.aclose()
