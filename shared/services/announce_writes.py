"""What follows a committed write: caches forget, the embedder hears of it. Neither can undo the write."""

from collections.abc import Sequence

from shared.cache.protocol import Cache
from shared.domain.cache_scopes import COLLECTIONS, collection_scope
from shared.domain.embedding_jobs import EmbedRequest
from shared.errors import QueueUnavailable
from shared.observability import Event, Metric, count, logger
from shared.queues.protocol import EmbedQueue

# Documents named in one message: a worker embeds them within one time limit.
DOCUMENTS_PER_MESSAGE = 64


async def announce_writes(
    cache: Cache,
    queue: EmbedQueue,
    *,
    collection: str,
    collection_id: int,
    document_numbers: Sequence[int],
) -> None:
    """Invalidate the collection's answers and ask for vectors.

    A lost message costs time, not vectors: the sweep finds every pending job.
    """
    await cache.invalidate(COLLECTIONS, collection_scope(collection))
    requests = [
        EmbedRequest(collection_id, tuple(document_numbers[start : start + DOCUMENTS_PER_MESSAGE]))
        for start in range(0, len(document_numbers), DOCUMENTS_PER_MESSAGE)
    ]
    if not requests:
        return
    try:
        await queue.send(requests)
    except QueueUnavailable:
        logger().warning(Event.QUEUE_UNAVAILABLE, extra={"documents": len(document_numbers)})
        count(Metric.QUEUE_UNAVAILABLE)
