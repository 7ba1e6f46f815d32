from dataclasses import dataclass

from functions.sources_fetch.settings import Settings
from shared.fetching.connecting import CheckedNetwork
from shared.fetching.crawler import Crawler
from shared.storage.opening import open_storage
from shared.storage.protocol import ObjectStorage


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    crawler: Crawler
    storage: ObjectStorage


def open_resources(settings: Settings) -> Resources:
    network = CheckedNetwork(allow_private=settings.fetch_allow_private)
    return Resources(Crawler(network), open_storage(settings))
