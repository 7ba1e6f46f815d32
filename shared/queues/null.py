"""No queue is configured: what is to be done is found by a schedule alone."""

from collections.abc import Sequence

from shared.database.boundaries import refuse_in_unit_of_work
from shared.queues.protocol import Message


class NullQueue:
    async def send(
        self,
        messages: Sequence[Message],  # noqa: ARG002 - nobody receives them
    ) -> None:
        refuse_in_unit_of_work("MessageQueue.send")

    async def aclose(self) -> None:
        """There is nothing to close."""
