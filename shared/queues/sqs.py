"""Messages over SQS."""

import asyncio
import threading
from collections.abc import Sequence
from itertools import batched
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.invocation import seconds_left
from shared.database.boundaries import refuse_in_unit_of_work
from shared.errors import QueueUnavailable
from shared.observability import Event, Metric, count, describe_error, logger
from shared.queues.protocol import Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_MESSAGES_IN_A_BATCH = 10
# What the messages tell of is committed: its caller must hear so, whatever becomes of them.
_PATIENCE_SECONDS = 5.0
_RESERVE_SECONDS = 1.0


class SqsQueue:
    """Sends from a worker thread, as boto3 blocks; any number of tasks may send at once.

    The URL says where its queue is, be it AWS or what stands in for it.
    """

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url
        self._client: SQSClient | None = None
        self._lock = threading.Lock()

    async def send(self, messages: Sequence[Message]) -> None:
        refuse_in_unit_of_work("MessageQueue.send")
        if not messages:
            return
        patience = max(min(_PATIENCE_SECONDS, seconds_left(reserve=_RESERVE_SECONDS)), 0.0)
        try:
            async with asyncio.timeout(patience):
                await asyncio.to_thread(self._send, messages)
        except (BotoCoreError, ClientError, TimeoutError) as error:
            count(Metric.QUEUE_UNAVAILABLE)
            logger().warning(Event.QUEUE_UNAVAILABLE, extra=describe_error(error))
            raise QueueUnavailable from error

    async def aclose(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _send(self, messages: Sequence[Message]) -> None:
        failed = self._send_in_batches(messages)
        lost = self._send_in_batches(failed)
        if lost:
            count(Metric.QUEUE_UNAVAILABLE)
            logger().warning(Event.QUEUE_UNAVAILABLE, extra={"lost": len(lost)})
            raise QueueUnavailable(f"The queue did not take {len(lost)} of {len(messages)} messages.")

    def _send_in_batches(self, messages: Sequence[Message]) -> list[Message]:
        """Send all and return those that the queue refused one by one."""
        client = self._client_of_this_process()
        failed = []
        for batch in batched(messages, _MOST_MESSAGES_IN_A_BATCH):
            answer = client.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(position), "MessageBody": message.to_message()}
                    for position, message in enumerate(batch)
                ],
            )
            failed += [batch[int(entry["Id"])] for entry in answer.get("Failed", ())]
        return failed

    def _client_of_this_process(self) -> "SQSClient":
        # Making a client takes long and is not thread-safe; using one is.
        with self._lock:
            if self._client is None:
                config = Config(
                    connect_timeout=2,
                    read_timeout=5,
                    retries={"mode": "standard", "total_max_attempts": 3},
                )
                server = urlsplit(self._queue_url)._replace(path="").geturl()
                self._client = boto3.session.Session().client("sqs", endpoint_url=server, config=config)
            return self._client
