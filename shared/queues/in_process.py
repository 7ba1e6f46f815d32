"""The queue of `concord up`, where sender and receiver are one process."""

import asyncio
import functools
import threading
from collections import deque
from collections.abc import Sequence

from shared.database.boundaries import refuse_in_unit_of_work
from shared.domain.embedding_jobs import EmbedRequest
from shared.observability import Event, logger


class InProcessEmbedQueue:
    """Holds requests until they are received, by whatever thread and event loop.

    What does not fit is dropped: the sweep finds those documents.
    """

    def __init__(self, name: str, *, capacity: int = 10_000) -> None:
        self._name = name
        self._capacity = capacity
        self._requests: deque[EmbedRequest] = deque()
        self._waiting: set[asyncio.Future[None]] = set()
        # Never held while waiting. It makes looking for requests and lining up for them one step.
        self._lock = threading.Lock()

    async def send(self, requests: Sequence[EmbedRequest]) -> None:
        refuse_in_unit_of_work("EmbedQueue.send")
        with self._lock:
            room = max(self._capacity - len(self._requests), 0)
            self._requests.extend(requests[:room])
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_wake, future)
        if len(requests) > room:
            logger().warning(Event.QUEUE_FULL, extra={"queue": self._name, "dropped": len(requests) - room})

    async def receive(self, *, at_most: int = 10) -> list[EmbedRequest]:
        """Wait until there is a request, then take up to `at_most`, the oldest first."""
        while True:
            with self._lock:
                if self._requests:
                    taken = min(at_most, len(self._requests))
                    return [self._requests.popleft() for _ in range(taken)]
                woken = asyncio.get_running_loop().create_future()
                self._waiting.add(woken)
            try:
                await woken
            finally:
                with self._lock:
                    self._waiting.discard(woken)

    async def aclose(self) -> None:
        """Nothing to close: other senders and the receiver share the queue."""


@functools.cache
def in_process_embed_queue(url: str) -> InProcessEmbedQueue:
    """The process's queue of that address, `in-process:<name>`: one for senders and receiver."""
    return InProcessEmbedQueue(url)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
