"""What Lambda does to hand a queue's messages to a function."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

type Handler = Callable[[dict[str, Any]], Any]


class EventSource:
    """An event source mapping: a batch of messages is an event; what its answer does not name is done."""

    def __init__(self, client: "SQSClient", url: str, handle: Handler) -> None:
        self._client = client
        self._url = url
        self._handle = handle

    def poll(self) -> int:
        """Hand over what is there, up to ten messages; returns how many there were.

        What fails, or is held by a process that dies here, comes again when the queue stops hiding it.
        """
        received = self._client.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        messages = received.get("Messages", [])
        if messages:
            answer = self._handle({"Records": [self._record(message) for message in messages]})
            failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
            for message in messages:
                if message["MessageId"] not in failed:
                    self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)

    def _record(self, message: "MessageTypeDef") -> dict[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{self._url.rsplit('/', 1)[-1]}",
            "awsRegion": "eu-central-1",
        }
