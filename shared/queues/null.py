"""No queue is configured: chunks_embed finds the waiting documents by its schedule alone."""

from collections.abc import Sequence

from shared.database.boundaries import refuse_in_unit_of_work
from shared.domain.embedding_jobs import EmbedRequest


class NullEmbedQueue:
    async def send(
        self,
        requests: Sequence[EmbedRequest],  # noqa: ARG002 - nobody receives them
    ) -> None:
        refuse_in_unit_of_work("EmbedQueue.send")

    async def aclose(self) -> None:
        """There is nothing to close."""
