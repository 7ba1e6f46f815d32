"""Chooses the queues that the settings ask for."""

from shared.config import MaintenanceQueueSettings, QueueSettings, WriteQueueSettings
from shared.queues.null import NullQueue
from shared.queues.protocol import EmbedQueue, MaintainQueue, Message, MessageQueue, WriteQueues


def open_embed_queue(settings: QueueSettings) -> EmbedQueue:
    """The queue of chunks_embed, at EMBED_QUEUE_URL."""
    return open_queue(settings.embed_queue_url)


def open_maintain_queue(settings: MaintenanceQueueSettings) -> MaintainQueue:
    """The queue of indexes_maintain, at MAINTAIN_QUEUE_URL."""
    return open_queue(settings.maintain_queue_url)


def open_write_queues(settings: WriteQueueSettings) -> WriteQueues:
    return WriteQueues(open_embed_queue(settings), open_maintain_queue(settings))


def open_queue(url: str | None) -> MessageQueue[Message]:
    """A queue that connects at its first use.

    The address is the URL of an SQS queue, or `in-process:<name>` where one process both sends and
    receives; without one nothing is sent.
    """
    if url is None:
        return NullQueue()
    # Each function pays only for the queue it uses: boto3 alone is hundreds of modules.
    if url.startswith("in-process:"):
        from shared.queues.in_process import in_process_queue  # noqa: PLC0415 - see above

        return in_process_queue(url)
    from shared.queues.sqs import SqsQueue  # noqa: PLC0415 - see above

    return SqsQueue(url)
