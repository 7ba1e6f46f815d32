"""From a write to its vectors over a real queue, with workers in processes of their own that may die."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import pytest

from shared.domain.embedding_jobs import EmbedRequest
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderRejected
from shared.repositories.embedding_jobs import MAX_ATTEMPTS
from shared.services.embed_chunks import LEASE_SECONDS
from tests.builders.embedders import FailingEmbedder
from tests.builders.embedding_state import assert_vectors_are_right, jobs
from tests.builders.event_source import EventSource
from tests.builders.events import http_event
from tests.builders.functions import Functions
from tests.builders.sqs import Queue, make_queue, sqs_server
from tests.builders.template import resources_of_type
from tests.builders.worker_process import STALLED

COLLECTION = "/v1/collections/guides"
DOCUMENTS = f"{COLLECTION}/documents"
PATIENCE_SECONDS = 120
GIVEN_UP = "Embedding did not finish, attempt after attempt."


@pytest.fixture(scope="module", autouse=True)
def _sqs() -> Iterator[None]:
    with sqs_server():
        yield


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The embedding queue, which writers know."""
    made = make_queue()
    monkeypatch.setenv("EMBED_QUEUE_URL", made.url)
    return made


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """All functions, on a database of the test's own with the collection `guides`."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
    called = Functions()
    created = called("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    assert created["statusCode"] == 201
    yield called
    called.close()


def store(functions: Functions, texts: dict[str, str]) -> None:
    documents = [{"id": name, "body": text} for name, text in texts.items()]
    stored = functions("documents_upsert", http_event("POST", DOCUMENTS, {"documents": documents}))
    assert stored["body"]["errors"] == 0


def get(functions: Functions, name: str) -> tuple[str, str | None]:
    """What a document says of its embedding."""
    shown = functions("documents_get", http_event("GET", f"{DOCUMENTS}/{name}"))["body"]
    return shown["embedding_state"], shown["embedding_error"]


def found_by_meaning(functions: Functions, q: str) -> list[str]:
    request = {"q": q, "mode": "semantic", "min_score": 0.2}
    found = functions("documents_search", http_event("POST", f"{COLLECTION}/search", request))
    return [hit["document"]["id"] for hit in found["body"]["hits"]]


class Workers:
    """Starts processes of chunks_embed and reads what they embedded."""

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "gate"
        self._started: dict[Path, subprocess.Popen[bytes]] = {}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        record = self._gate.with_name(f"{len(self._started)}.jsonl")
        command = [sys.executable, "-m", "tests.builders.worker_process", str(record), *arguments]
        # As on Lambda, where what it measures goes to standard output.
        environment = {**os.environ, "AWS_LAMBDA_FUNCTION_NAME": "chunks_embed"}
        root = Path(__file__).parents[2]
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL)
        self._started[record] = process
        return process

    def run(self, *arguments: str) -> int:
        """The exit status of one that has ended; below 0, the signal that ended it."""
        return self.start(*arguments).wait(PATIENCE_SECONDS)

    def run_together(self, *each: Sequence[str]) -> list[int]:
        """The exit statuses of several that begin to work at the same moment."""
        processes = [self.start(*arguments, "--gate", str(self._gate)) for arguments in each]
        wait_until(lambda: all(record.exists() for record in self._started))
        self._gate.touch()
        return [process.wait(PATIENCE_SECONDS) for process in processes]

    def embedded(self) -> list[list[str]]:
        """The texts that each embedded, in its order."""
        return [
            [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
            for record in self._started
        ]

    def stop(self) -> None:
        for process in self._started.values():
            process.kill()
            process.wait()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.stop()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_written_is_found_by_meaning(functions: Functions, queue: Queue) -> None:
    source = EventSource(queue.client, queue.url, partial(functions.process, "chunks_embed"))
    store(functions, {"cats": "Cats purr and hunt mice.", "stars": "Stars are spheres of plasma."})
    assert found_by_meaning(functions, "feline pets") == []
    assert (queue.waiting(), source.poll()) == (1, 1)
    assert (queue.waiting(), queue.dead(), source.poll()) == (0, 0, 0)
    assert found_by_meaning(functions, "feline pets") == ["cats"]
    # A message that was lost is made up for when the next comes.
    store(functions, {"dogs": "Dogs bark at the moon."})
    queue.client.purge_queue(QueueUrl=queue.url)
    assert source.poll() == 0
    assert get(functions, "dogs") == ("pending", None)
    store(functions, {"rivers": "Rivers run to the sea."})
    assert source.poll() == 1
    assert [get(functions, name) for name in ("dogs", "rivers")] == [("ready", None), ("ready", None)]


def test_writes_have_their_maintenance_done(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = make_queue()
    monkeypatch.setenv("MAINTAIN_QUEUE_URL", queue.url)
    source = EventSource(queue.client, queue.url, partial(functions.process, "indexes_maintain"))
    for body in ("A river.", "A harbour."):
        store(functions, {"a": body})
    functions("collections_delete", http_event("DELETE", COLLECTION))
    queue.send("{")
    assert (source.poll(), queue.waiting()) == (4, 1)
    status = functions("collections_get", http_event("GET", COLLECTION))["statusCode"]
    assert status == 404
    assert functions.process("indexes_maintain", {"schedule": "now"}) == {
        "collections": 0, "compacted_terms": 0, "purged_rows": 0, "indexed_collections": 0,
        "waiting_collections": 0, "complete": True,
    }  # fmt: skip


def test_ten_workers_embed_each_text_once(
    functions: Functions, queue: Queue, workers: Workers, database_url: str, embedder: Embedder
) -> None:
    texts = {f"d{number}": f"Report {number} of the harbour master." for number in range(800)}
    store(functions, texts)
    # The same documents again and again, in messages of their own and in those of others.
    for first in range(1, 800, 40):
        queue.send(EmbedRequest(1, tuple(range(first, 800, 17))).to_message())
    by_queue, by_schedule = ("--queue", queue.url), ()
    assert workers.run_together(*[by_queue, by_schedule] * 5) == [0] * 10
    embedded = workers.embedded()
    assert Counter(text for worked in embedded for text in worked) == Counter(texts.values())
    assert sum(bool(worked) for worked in embedded) > 2
    assert jobs(database_url) == {}
    asyncio.run(assert_vectors_are_right(database_url, embedder))
    wait_until(lambda: queue.waiting() == 0)
    assert queue.dead() == 0


def test_the_work_of_a_killed_worker_is_done_by_another(
    functions: Functions,
    workers: Workers,
    database_url: str,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = make_queue(visibility_seconds=5)
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    texts = {f"d{number}": f"Report {number}." for number in range(66)}
    store(functions, {**texts, "last": "A bottle of poison."})
    process = workers.start("--queue", queue.url, "--lease", "4", "--stall")
    wait_until(lambda: STALLED in chain(*workers.embedded()))
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    # The documents of its first message are done; those of the second it holds, as it holds the messages.
    assert len(workers.embedded()[0]) == 65
    assert {name: job.is_claimed for name, job in jobs(database_url).items()} == dict.fromkeys(
        ("d64", "d65", "last"), True
    )
    source = EventSource(queue.client, queue.url, partial(functions.process, "chunks_embed"))
    assert (functions.process("chunks_embed", {"schedule": "now"})["ready"], source.poll()) == (0, 0)
    # Together, or one after the other where the machine is slow.
    polled = accumulate(iter(source.poll, None))
    wait_until(lambda: next(polled) == 2)
    assert jobs(database_url) == {}
    assert (queue.waiting(), queue.dead()) == (0, 0)
    asyncio.run(assert_vectors_are_right(database_url, embedder))


def test_a_message_that_nobody_can_read_ends_among_the_dead_letters(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = make_queue(visibility_seconds=1, deliveries=3)
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    queue.send("{")
    store(functions, {"cats": "Cats purr and hunt mice."})
    events: list[dict[str, Any]] = []

    def handle(event: dict[str, Any]) -> Any:
        events.append(event)
        return functions.process("chunks_embed", event)

    source = EventSource(queue.client, queue.url, handle)
    assert source.poll() == 2
    assert get(functions, "cats") == ("ready", None)

    def is_dead() -> bool:
        source.poll()
        return queue.dead() == 1

    wait_until(is_dead)
    counts = [
        record["attributes"]["ApproximateReceiveCount"] for event in events for record in event["Records"]
    ]
    assert counts == ["1", "1", "2", "3"]
    assert (queue.waiting(), queue.bodies(queue.dead_letters)) == (0, ["{"])


@pytest.mark.parametrize("trigger", ["queue", "schedule"])
def test_a_document_that_takes_its_workers_down_is_given_up_alone(
    functions: Functions, workers: Workers, monkeypatch: pytest.MonkeyPatch, trigger: str
) -> None:
    deployed = resources_of_type("AWS::SQS::Queue")["EmbedQueue"]["Properties"]
    deliveries = deployed["RedrivePolicy"]["maxReceiveCount"]
    # The delivery after the last attempt is the one that finds out.
    assert deliveries > MAX_ATTEMPTS
    assert deployed["VisibilityTimeout"] > LEASE_SECONDS
    queue = make_queue(visibility_seconds=2, deliveries=deliveries)
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    store(functions, {"good": "Good text.", "bad": "A bottle of poison.", "better": "Better text."})
    arguments = ("--queue", queue.url) if trigger == "queue" else ()
    statuses = []
    while get(functions, "bad")[0] == "pending":
        statuses.append(workers.run(*arguments, "--lease", "1", "--die"))
        assert get(functions, "bad")[0] == "failed" or len(statuses) < 20
        time.sleep(1.1 if trigger == "schedule" else 2.1)
    assert statuses.count(-signal.SIGKILL) == MAX_ATTEMPTS
    assert set(statuses) == {-signal.SIGKILL, 0}
    assert get(functions, "bad") == ("failed", GIVEN_UP)
    assert [get(functions, name)[0] for name in ("good", "better")] == ["ready", "ready"]
    assert sorted(chain(*workers.embedded())) == ["Better text.", "Good text."]
    if trigger == "queue":
        assert (queue.waiting(), queue.dead()) == (0, 0)


def test_a_document_that_the_embedder_refuses_says_so(
    functions: Functions, queue: Queue, embedder: Embedder
) -> None:
    def refused(texts: Sequence[str]) -> EmbedderRejected | None:
        return EmbedderRejected("It is poison. " * 100) if any("poison" in text for text in texts) else None

    process = partial(
        functions.process, "chunks_embed", replace={"embedder": FailingEmbedder(embedder, refused)}
    )
    store(functions, {"good": "Good text.", "bad": "A bottle of poison."})
    assert EventSource(queue.client, queue.url, process).poll() == 1
    assert (queue.waiting(), get(functions, "good")) == (0, ("ready", None))
    state, reason = get(functions, "bad")
    assert (state, reason) == ("failed", ("It is poison. " * 100)[:500])
