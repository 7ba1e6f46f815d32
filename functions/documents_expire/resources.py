from dataclasses import dataclass

from functions.documents_expire.settings import Settings
from shared.cache.opening import open_cache
from shared.cache.protocol import Cache
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.queues.opening import open_maintain_queue
from shared.queues.protocol import MaintainQueue


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    cache: Cache
    maintain_queue: MaintainQueue


def open_resources(settings: Settings) -> Resources:
    return Resources(open_connection(settings), open_cache(settings), open_maintain_queue(settings))
