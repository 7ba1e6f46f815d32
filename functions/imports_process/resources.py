from dataclasses import dataclass

from functions.imports_process.settings import Settings
from shared.cache.opening import open_cache
from shared.cache.protocol import Cache
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.queues.opening import open_write_queues
from shared.queues.protocol import WriteQueues
from shared.storage.opening import open_storage
from shared.storage.protocol import ObjectStorage


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    storage: ObjectStorage
    cache: Cache
    queues: WriteQueues


def open_resources(settings: Settings) -> Resources:
    return Resources(
        open_connection(settings), open_storage(settings), open_cache(settings), open_write_queues(settings)
    )
