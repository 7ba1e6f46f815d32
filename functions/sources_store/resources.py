from dataclasses import dataclass

from functions.sources_store.settings import Settings
from shared.cache.opening import open_cache
from shared.cache.protocol import Cache
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.principals import WORKER
from shared.queues.fetch_queue import FetchQueue, open_fetch_queue
from shared.queues.opening import open_write_queues
from shared.queues.protocol import WriteQueues
from shared.services.store_fetched_batch import FetchedBatches
from shared.storage.opening import open_storage
from shared.storage.protocol import ObjectStorage


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    cache: Cache
    queues: WriteQueues
    fetch_queue: FetchQueue
    storage: ObjectStorage

    def batches(self) -> FetchedBatches:
        return FetchedBatches(self.database, self.cache, self.queues, self.fetch_queue, self.storage, WORKER)


def open_resources(settings: Settings) -> Resources:
    return Resources(
        open_connection(settings),
        open_cache(settings),
        open_write_queues(settings),
        open_fetch_queue(settings),
        open_storage(settings),
    )
