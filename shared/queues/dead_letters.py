"""Moves messages from a dead-letter queue back to the queue that gave them up."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import InvalidRequest, QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# For as long a message is hidden from others: more than its way takes.
_HIDDEN_SECONDS = 60
# Long polling asks all of SQS' servers; a message may lie on any.
_WAIT_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Moved:
    """How many messages are back in their queue, and how many it refused: those stay where they were."""

    moved: int
    refused: int


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """By their URLs: a dead-letter queue and the one queue whose messages end there."""

    client: "SQSClient"
    url: str
    source_url: str

    def count(self) -> int:
        """About how many messages it holds. Raises QueueUnavailable."""
        with _translated(self.url):
            attributes = self.client.get_queue_attributes(
                QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def move(self) -> Moved:
        """Move all that it holds. Raises QueueUnavailable.

        A message is deleted here when it has arrived there, so that an interrupted move loses none; one
        that was about to be deleted is then in both queues.
        """
        moved = refused = 0
        with _translated(self.url):
            while messages := self._receive():
                arrived = self._send(messages)
                self._delete(arrived)
                moved += len(arrived)
                refused += len(messages) - len(arrived)
        return Moved(moved, refused)

    def _receive(self) -> "list[MessageTypeDef]":
        received = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageAttributeNames=["All"],
        )
        return received.get("Messages", [])

    def _send(self, messages: "Sequence[MessageTypeDef]") -> "list[MessageTypeDef]":
        """Those that arrived."""
        answer = self.client.send_message_batch(
            QueueUrl=self.source_url,
            Entries=[
                {
                    "Id": str(place),
                    "MessageBody": message["Body"],
                    "MessageAttributes": message.get("MessageAttributes", {}),
                }
                for place, message in enumerate(messages)
            ],
        )
        return [messages[int(entry["Id"])] for entry in answer.get("Successful", [])]

    def _delete(self, messages: "Sequence[MessageTypeDef]") -> None:
        if messages:
            self.client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                    for place, message in enumerate(messages)
                ],
            )


def find_dead_letter_queue(queue: str) -> DeadLetterQueue:
    """The dead-letter queue of that URL or name, in the region that the environment says.

    Raises QueueUnavailable, and InvalidRequest when it is not the dead-letter queue of exactly one.
    """
    with _translated(queue):
        config = Config(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
        client = boto3.session.Session().client("sqs", config=config)
        url = queue if "://" in queue else client.get_queue_url(QueueName=queue)["QueueUrl"]
        sources = client.list_dead_letter_source_queues(QueueUrl=url)["queueUrls"]
    if len(sources) != 1:
        known = ", ".join(map(queue_name, sources)) or "none"
        raise InvalidRequest(
            f"{queue} has to be the dead-letter queue of one queue, to which its messages go back;"
            f" it is that of: {known}."
        )
    return DeadLetterQueue(client, url, sources[0])


def queue_name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


@contextmanager
def _translated(queue: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise QueueUnavailable(f"{queue}: SQS answered with {code}.") from error
    except BotoCoreError as error:
        raise QueueUnavailable(f"{queue}: SQS cannot be asked ({type(error).__name__}).") from error
