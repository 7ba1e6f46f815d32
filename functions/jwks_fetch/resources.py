from dataclasses import dataclass

from functions.jwks_fetch.settings import Settings
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.http_fetcher import HttpFetcher
from shared.fetching.key_sets import KeySets
from shared.queues.key_set_queue import KeySetQueue, open_key_set_queue
from shared.services.fetch_key_set import fetch_key_set


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    settings: Settings
    key_sets: KeySets
    queue: KeySetQueue

    async def fetch(self) -> int:
        """How many keys were sent to be stored."""
        return await fetch_key_set(
            self.key_sets, self.queue, issuer=self.settings.jwt_issuer, url=self.settings.jwt_jwks_url
        )


def open_resources(settings: Settings) -> Resources:
    network = CheckedNetwork(allow_private=settings.fetch_allow_private)
    key_sets = KeySets(HttpFetcher(network), allow_http=settings.fetch_allow_private)
    return Resources(settings, key_sets, open_key_set_queue(settings))
