"""What every queue offers."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.maintenance import MaintainRequest


class Message(Protocol):
    """What can be sent, as the text of a message."""

    def to_message(self) -> str: ...


class MessageQueue[Sent: Message](Protocol):
    """Hands work to a function. What gets lost is made up for: the work itself stands in the database."""

    async def send(self, messages: Sequence[Sent]) -> None:
        """Hand over the messages, after the commit. Raises QueueUnavailable when some got lost."""
        ...

    async def aclose(self) -> None: ...


type EmbedQueue = MessageQueue[EmbedRequest]
type MaintainQueue = MessageQueue[MaintainRequest]


class WriteQueues(NamedTuple):
    """The queues that hear of documents written."""

    embed: EmbedQueue
    maintain: MaintainQueue

    async def aclose(self) -> None:
        await self.embed.aclose()
        await self.maintain.aclose()
