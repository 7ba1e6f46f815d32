"""Chooses the queue that the settings ask for."""

from shared.config import QueueSettings
from shared.queues.null import NullEmbedQueue
from shared.queues.protocol import EmbedQueue


def open_embed_queue(settings: QueueSettings) -> EmbedQueue:
    """A queue that connects at its first use.

    EMBED_QUEUE_URL is the URL of an SQS queue, or `in-process:<name>` where one process both sends
    and receives; without it nothing is sent.
    """
    url = settings.embed_queue_url
    if url is None:
        return NullEmbedQueue()
    # Each function pays only for the queue it uses: boto3 alone is hundreds of modules.
    if url.startswith("in-process:"):
        from shared.queues.in_process import in_process_embed_queue  # noqa: PLC0415 - see above

        return in_process_embed_queue(url)
    from shared.queues.sqs import SqsEmbedQueue  # noqa: PLC0415 - see above

    return SqsEmbedQueue(url)
