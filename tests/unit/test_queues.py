"""The queues that need no server."""

import asyncio
import json

import pytest

from shared.config import QueueSettings
from shared.database.boundaries import unit_of_work_is_open
from shared.domain.embedding_jobs import EmbedRequest
from shared.errors import NetworkCallInUnitOfWork
from shared.queues.in_process import InProcessQueue, in_process_queue
from shared.queues.null import NullQueue
from shared.queues.opening import open_embed_queue
from shared.queues.sqs import SqsQueue

REQUESTS = [EmbedRequest(1, (number,)) for number in range(1, 6)]
MESSAGES = [request.to_message() for request in REQUESTS]


async def test_without_a_queue_nothing_is_sent() -> None:
    queue = open_embed_queue(QueueSettings(embed_queue_url=None))
    assert isinstance(queue, NullQueue)
    await queue.send(REQUESTS)
    await queue.aclose()


def test_the_address_says_which_queue() -> None:
    address = "in-process:chooses"
    queue = open_embed_queue(QueueSettings(embed_queue_url=address))
    assert isinstance(queue, InProcessQueue)
    assert queue is in_process_queue(address)
    assert queue is not in_process_queue("in-process:another")
    sqs = open_embed_queue(QueueSettings(embed_queue_url="https://sqs.eu-central-1.example/1/q"))
    assert isinstance(sqs, SqsQueue)


async def test_requests_are_received_in_order_and_once() -> None:
    queue = InProcessQueue("test")
    await queue.send(REQUESTS[:2])
    await queue.send(REQUESTS[2:])
    assert await queue.receive(at_most=3) == MESSAGES[:3]
    assert await queue.receive() == MESSAGES[3:]
    await queue.aclose()


async def test_a_receiver_waits_for_a_request() -> None:
    queue = InProcessQueue("test")
    receivers = [asyncio.create_task(queue.receive()) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert not any(receiver.done() for receiver in receivers)
    await queue.send(REQUESTS[:1])
    done, waiting = await asyncio.wait(receivers, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [MESSAGES[:1]]
    await queue.send(REQUESTS[1:2])
    assert [await task for task in waiting] == [MESSAGES[1:2]]


async def test_a_receiver_that_leaves_takes_nothing_along() -> None:
    queue = InProcessQueue("test")
    leaving = asyncio.create_task(queue.receive())
    await asyncio.sleep(0)
    await queue.send(REQUESTS[:1])
    # It has been woken but has not run yet.
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await queue.receive() == MESSAGES[:1]


async def test_a_sender_may_be_in_another_thread() -> None:
    queue = InProcessQueue("test")
    receiver = asyncio.create_task(queue.receive())
    await asyncio.sleep(0)
    await asyncio.to_thread(asyncio.run, queue.send(REQUESTS[:1]))
    assert await asyncio.wait_for(receiver, 5) == MESSAGES[:1]


async def test_what_does_not_fit_is_dropped_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    queue = InProcessQueue("small", capacity=3)
    await queue.send(REQUESTS)
    await queue.send(REQUESTS[:1])
    assert await queue.receive() == MESSAGES[:3]
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["message"], line["dropped"]) for line in lines] == [
        ("queue_full", 2),
        ("queue_full", 1),
    ]


@pytest.mark.parametrize("queue", [NullQueue(), InProcessQueue("test"), SqsQueue("https://sqs.example")])
async def test_sending_is_refused_in_a_unit_of_work(
    queue: NullQueue | InProcessQueue | SqsQueue,
) -> None:
    token = unit_of_work_is_open.set(True)
    try:
        with pytest.raises(NetworkCallInUnitOfWork, match=r"MessageQueue\.send"):
            await queue.send(REQUESTS)
    finally:
        unit_of_work_is_open.reset(token)
