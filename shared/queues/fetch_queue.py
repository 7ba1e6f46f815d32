"""The queue of sources_fetch, apart from others': only the functions of sources know what it carries."""

from shared.config import FetchQueueSettings
from shared.domain.fetches import FetchRequest
from shared.queues.opening import open_queue
from shared.queues.protocol import MessageQueue

type FetchQueue = MessageQueue[FetchRequest]


def open_fetch_queue(settings: FetchQueueSettings) -> FetchQueue:
    """The queue at FETCH_QUEUE_URL."""
    return open_queue(settings.fetch_queue_url)
