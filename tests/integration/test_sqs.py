"""The SQS queue, against moto's server and against one that refuses."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.aws.invocation import invocation
from shared.domain.embedding_jobs import EmbedRequest
from shared.errors import QueueUnavailable
from shared.queues.sqs import SqsQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def sqs(moto_address: str) -> Iterator["SQSClient"]:
    client = boto3.session.Session().client("sqs", endpoint_url=moto_address)
    yield client
    client.close()


def receive_all(sqs: "SQSClient", url: str) -> list[EmbedRequest]:
    bodies: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in messages]
    return [EmbedRequest.from_message(body) for body in bodies]


async def test_requests_arrive_whatever_their_number(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="embed")["QueueUrl"]
    queue = SqsQueue(url)
    requests = [EmbedRequest(1, (number,)) for number in range(1, 24)]
    await queue.send([])
    await queue.send(requests)
    await queue.aclose()
    await queue.aclose()
    received = receive_all(sqs, url)
    assert sorted(received, key=lambda request: request.document_numbers) == requests


async def test_ten_of_the_largest_requests_are_accepted(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="large")["QueueUrl"]
    queue = SqsQueue(url)
    requests = [EmbedRequest(number, (2**63 - 1,) * 1000) for number in range(1, 11)]
    await queue.send(requests)
    await queue.aclose()
    assert len(receive_all(sqs, url)) == 10


async def test_a_silent_queue_keeps_nobody_beyond_his_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        queue = SqsQueue(f"http://127.0.0.1:{silent.getsockname()[1]}/123456789012/embed")
        started = time.monotonic()
        with invocation(None, at_most_seconds=2), pytest.raises(QueueUnavailable):
            await queue.send([EmbedRequest(1, (1,))])
        assert time.monotonic() - started < 1.5


async def test_tasks_may_send_at_once(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="busy")["QueueUrl"]
    queue = SqsQueue(url)
    await asyncio.gather(*(queue.send([EmbedRequest(number, (1,))]) for number in range(1, 9)))
    await queue.aclose()
    assert {request.collection_id for request in receive_all(sqs, url)} == set(range(1, 9))


async def test_a_missing_queue_is_unavailable(
    sqs: "SQSClient", moto_address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = SqsQueue(f"{moto_address}/123456789012/nobody")
    with pytest.raises(QueueUnavailable):
        await queue.send([EmbedRequest(1, (1,))])
    await queue.aclose()
    assert json.loads(capsys.readouterr().err)["message"] == "queue_unavailable"
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="nobody")


class RefusingSqs(ThreadingHTTPServer):
    """Answers SendMessageBatch and refuses documents by number, some of them only at first."""

    def __init__(self, *, once: set[int], always: set[int]) -> None:
        super().__init__(("127.0.0.1", 0), RefusingHandler)
        self.once = once
        self.always = always
        self.batches: list[list[int]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, entries: list[dict[str, str]]) -> dict[str, list[dict[str, object]]]:
        numbers = [int(re.findall(r"\d+", entry["MessageBody"])[-1]) for entry in entries]
        self.batches.append(numbers)
        refused = {number for number in numbers if number in self.once | self.always}
        self.once -= refused
        answer: dict[str, list[dict[str, object]]] = {"Successful": [], "Failed": []}
        for entry, number in zip(entries, numbers, strict=True):
            if number in refused:
                answer["Failed"].append({"Id": entry["Id"], "SenderFault": False})
            else:
                answer["Successful"].append({"Id": entry["Id"], "MessageId": str(number)})
        return answer


class RefusingHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, RefusingSqs)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(self.server.answer(body["Entries"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the overridden name
        """Keep the test's output clean."""


@pytest.fixture
def refusing_sqs() -> Iterator[RefusingSqs]:
    with RefusingSqs(once={2, 11}, always=set()) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_refused_requests_are_sent_once_more(refusing_sqs: RefusingSqs) -> None:
    queue = SqsQueue(f"{refusing_sqs.address}/123456789012/embed")
    await queue.send([EmbedRequest(1, (number,)) for number in range(1, 13)])
    await queue.aclose()
    assert refusing_sqs.batches == [list(range(1, 11)), [11, 12], [2, 11]]


async def test_requests_refused_twice_make_the_queue_unavailable(
    refusing_sqs: RefusingSqs, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing_sqs.always.add(3)
    queue = SqsQueue(f"{refusing_sqs.address}/123456789012/embed")
    with pytest.raises(QueueUnavailable, match="did not take 1 of 12 messages"):
        await queue.send([EmbedRequest(1, (number,)) for number in range(1, 13)])
    await queue.aclose()
    assert refusing_sqs.batches == [list(range(1, 11)), [11, 12], [2, 3, 11]]
    line = json.loads(capsys.readouterr().err)
    assert (line["message"], line["lost"]) == ("queue_unavailable", 1)


async def test_a_server_that_is_gone_is_unavailable() -> None:
    with RefusingSqs(once=set(), always=set()) as server:
        address = server.address
    queue = SqsQueue(f"{address}/123456789012/embed")
    with pytest.raises(QueueUnavailable):
        await queue.send([EmbedRequest(1, (1,))])
    await queue.aclose()
