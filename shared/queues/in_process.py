"""The queue of `concord up`, where sender and receiver are one process."""

import asyncio
import functools
import threading
from collections import deque
from collections.abc import Sequence

from shared.database.boundaries import refuse_in_unit_of_work
from shared.observability import Event, logger
from shared.queues.protocol import Message


class InProcessQueue:
    """Holds messages until they are received, by whatever thread and event loop.

    What does not fit is dropped: a schedule finds what they would have asked for.
    """

    def __init__(self, name: str, *, capacity: int = 10_000) -> None:
        self._name = name
        self._capacity = capacity
        self._messages: deque[str] = deque()
        self._waiting: set[asyncio.Future[None]] = set()
        # Never held while waiting. It makes looking for messages and lining up for them one step.
        self._lock = threading.Lock()

    async def send(self, messages: Sequence[Message]) -> None:
        refuse_in_unit_of_work("MessageQueue.send")
        with self._lock:
            room = max(self._capacity - len(self._messages), 0)
            self._messages.extend(message.to_message() for message in messages[:room])
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_wake, future)
        if len(messages) > room:
            logger().warning(Event.QUEUE_FULL, extra={"queue": self._name, "dropped": len(messages) - room})

    async def receive(self, *, at_most: int = 10) -> list[str]:
        """Wait until there is a message, then take up to `at_most`, the oldest first, as text."""
        while True:
            with self._lock:
                if self._messages:
                    taken = min(at_most, len(self._messages))
                    return [self._messages.popleft() for _ in range(taken)]
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
def in_process_queue(url: str) -> InProcessQueue:
    """The process's queue of that address, `in-process:<name>`: one for senders and receiver."""
    return InProcessQueue(url)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
