"""What every queue offers."""

from collections.abc import Sequence
from typing import Protocol

from shared.domain.embedding_jobs import EmbedRequest


class EmbedQueue(Protocol):
    """Speeds up embedding; what gets lost is found by the scheduled sweep of chunks_embed."""

    async def send(self, requests: Sequence[EmbedRequest]) -> None:
        """Hand over the requests, after the commit. Raises QueueUnavailable when some got lost."""
        ...

    async def aclose(self) -> None: ...
