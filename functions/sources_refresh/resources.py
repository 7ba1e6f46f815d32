from dataclasses import dataclass

from functions.sources_refresh.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.queues.fetch_queue import FetchQueue, open_fetch_queue


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    fetch_queue: FetchQueue


def open_resources(settings: Settings) -> Resources:
    return Resources(open_connection(settings), open_fetch_queue(settings))
