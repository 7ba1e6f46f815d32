"""What follows a committed write: caches forget, and workers hear of it. Neither can undo the write."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from shared.cache.protocol import Cache
from shared.domain.cache_scopes import scopes_of
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.maintenance import MaintainRequest
from shared.errors import QueueUnavailable
from shared.observability import correlation_id
from shared.queues.protocol import EmbedQueue, MaintainQueue

# Documents named in one message: a worker embeds them within one time limit.
DOCUMENTS_PER_MESSAGE = 64


async def announce_writes(
    cache: Cache,
    queue: EmbedQueue,
    *,
    names: Iterable[str],
    collection_id: int,
    document_numbers: Sequence[int],
) -> None:
    """Invalidate the answers by any of the collection's names, and ask for vectors.

    A lost message, of which the queue tells, costs time and not vectors: the sweep finds every pending job.
    """
    await cache.invalidate(*scopes_of(names))
    requests = [
        EmbedRequest(
            collection_id,
            tuple(document_numbers[start : start + DOCUMENTS_PER_MESSAGE]),
            correlation_id(),
        )
        for start in range(0, len(document_numbers), DOCUMENTS_PER_MESSAGE)
    ]
    if requests:
        with suppress(QueueUnavailable):
            await queue.send(requests)


async def ask_for_maintenance(queue: MaintainQueue) -> None:
    """Tell maintenance that there is something to do; the next write makes up for a lost message."""
    with suppress(QueueUnavailable):
        await queue.send([MaintainRequest(correlation_id())])
