"""SQS as moto serves it, over HTTP on this machine."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

REGION = "eu-central-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def moto_server(variable: str, *unset: str) -> Iterator[str]:
    """The address of a stand-in for AWS, which that variable names while it runs, and the `unset` do not."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, variable: address}.items():
            patch.setenv(name, value)
        for name in ("AWS_PROFILE", *unset):
            patch.delenv(name, raising=False)
        yield address
    server.stop()


@contextmanager
def sqs_server() -> Iterator[str]:
    """The address of a server without queues, which the environment names while it runs."""
    with moto_server("AWS_ENDPOINT_URL_SQS") as address:
        yield address


@dataclass(frozen=True)
class Queue:
    """A queue of the test's own, and where its messages end that nobody could handle."""

    client: "SQSClient"
    url: str
    dead_letters: str

    def waiting(self) -> int:
        return self._count(self.url)

    def dead(self) -> int:
        return self._count(self.dead_letters)

    def send(self, body: str) -> None:
        self.client.send_message(QueueUrl=self.url, MessageBody=body)

    def bodies(self, url: str) -> list[str]:
        """What lies in the queue; it stays there."""
        found: list[str] = []
        while messages := self.client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1
        ).get("Messages"):
            found += [message["Body"] for message in messages]
        return sorted(found)

    def _count(self, url: str) -> int:
        counts = self.client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, counts["Attributes"].values()))


def make_queue(*, visibility_seconds: int = 30, deliveries: int = 5) -> Queue:
    """A queue that hides a message it has delivered, and gives it up after so many deliveries."""
    client = boto3.session.Session().client("sqs")
    name = f"queue-{uuid.uuid4()}"
    dead_letters = client.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]
    redrive = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": deliveries}
    made = client.create_queue(
        QueueName=name,
        Attributes={"VisibilityTimeout": str(visibility_seconds), "RedrivePolicy": json.dumps(redrive)},
    )
    return Queue(client, made["QueueUrl"], dead_letters)
