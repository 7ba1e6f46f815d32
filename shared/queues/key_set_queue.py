"""The queue of jwks_store, which only jwks_fetch sends to."""

from shared.config import KeySetQueueSettings
from shared.domain.signing_keys import FetchedKeySet
from shared.queues.opening import open_queue
from shared.queues.protocol import MessageQueue

type KeySetQueue = MessageQueue[FetchedKeySet]


def open_key_set_queue(settings: KeySetQueueSettings) -> KeySetQueue:
    """The queue at JWKS_QUEUE_URL."""
    return open_queue(settings.jwks_queue_url)
