"""A worker killed at each step, and a queue that loses, repeats and shuffles: all is embedded once."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.embeddings.protocol import Embedder
from tests.builders.calls import Calls
from tests.builders.clocks import shifted_clock
from tests.builders.deadly_proxy import DeadlyProxy, Strike, deadly_postgres
from tests.builders.embedding_state import assert_vectors_are_right, execute, jobs
from tests.builders.event_source import EventSource
from tests.builders.functions import Functions
from tests.builders.sqs import make_queue, sqs_server
from tests.faults.conftest import Figures, OpenFunctions

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 0.5
PATIENCE_SECONDS = 60
# A run of a worker says this much to PostgreSQL at least: it connects, claims, reads, writes, looks again.
FEWEST_STEPS = 5


@pytest.fixture(scope="module", autouse=True)
def sqs() -> Iterator[str]:
    with sqs_server() as address:
        yield address


@pytest.fixture
def functions(database_url: str, functions_of: OpenFunctions) -> Functions:
    """They read `EMBED_QUEUE_URL` when the first of them is called that writes."""
    return functions_of(database_url)


@pytest.fixture
def calls(functions: Functions) -> Calls:
    opened = Calls(functions)
    opened.create()
    return opened


def start_worker(record: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """A worker that waits for the gate beside its record."""
    command = [sys.executable, "-m", "tests.builders.worker_process", str(record), *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)


def run_until_killed(database_url: str, folder: Path, strike: Strike) -> None:
    """Run a worker that the strike ends in its talk with PostgreSQL, if that has so many steps."""
    with deadly_postgres(database_url, strike) as url:
        worker = run_struck(folder, strike, "--lease", str(LEASE_SECONDS), DATABASE_URL=url)
    assert worker == (-9 if strike.struck else 0)


def run_struck(folder: Path, strike: Strike, *arguments: str, **environment: str) -> int:
    """The exit status of a worker that the strike may end."""
    gate = folder / f"gate-{time.monotonic_ns()}"
    worker = start_worker(folder / f"{gate.name}.jsonl", *arguments, "--gate", str(gate), **environment)
    strike.process = worker.pid
    gate.touch()
    return worker.wait(PATIENCE_SECONDS)


def test_a_worker_killed_at_every_step_of_its_talk_with_postgres(
    calls: Calls,
    functions: Functions,
    database_url: str,
    embedder: Embedder,
    tmp_path: Path,
    figures: Figures,
    rounds: int,
) -> None:
    """Before what it says is heard or before it hears the answer, by turns; a second round does the rest."""
    deaths = 0
    for turn in range(rounds):
        deaths += _kill_at_every_step(calls, functions, database_url, tmp_path, turn)
    asyncio.run(assert_vectors_are_right(database_url, embedder))
    figures.add(f"Worker: killed at {deaths} steps", calls.recount(database_url))


def _kill_at_every_step(
    calls: Calls, functions: Functions, database_url: str, folder: Path, turn: int
) -> int:
    """How often one was killed."""
    step = 0
    while True:
        step += 1
        calls.write(f"{turn}-{step}-a")
        calls.write(f"{turn}-{step}-b")
        strike = Strike((step + turn) % 2 == 1, step)
        run_until_killed(database_url, folder, strike)
        # Nobody helps but the schedule, once the lease has ended.
        time.sleep(LEASE_SECONDS)
        assert functions.process("chunks_embed", {"schedule": "now"})["failed"] == 0
        assert jobs(database_url) == {}
        if not strike.struck:
            assert step > FEWEST_STEPS
            return step - 1


@pytest.mark.parametrize("answered", [False, True], ids=["unheard", "unanswered"])
@pytest.mark.parametrize("said", ["ReceiveMessage", "DeleteMessage"])
def test_a_worker_killed_while_it_takes_or_deletes_its_message(
    calls: Calls,
    functions: Functions,
    database_url: str,
    embedder: Embedder,
    sqs: str,
    tmp_path: Path,
    said: str,
    answered: bool,
    figures: Figures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = make_queue(visibility_seconds=1)
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    for number in range(3):
        calls.write(f"{number}")
    strike = Strike(answered, marker=f"AmazonSQS.{said}".encode())
    with DeadlyProxy(urlsplit(sqs).port or 0, strike) as proxy:
        status = run_struck(
            tmp_path,
            strike,
            *("--queue", queue.url, "--lease", str(LEASE_SECONDS)),
            AWS_ENDPOINT_URL_SQS=f"http://127.0.0.1:{proxy.port}",
        )
    assert status == -9
    source = EventSource(queue.client, queue.url, partial(functions.process, "chunks_embed"))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while queue.waiting():
        source.poll()
        assert time.monotonic() < deadline
    assert (queue.dead(), jobs(database_url)) == (0, {})
    asyncio.run(assert_vectors_are_right(database_url, embedder))
    figures.add(f"Worker: killed at {said}, {answered=}", calls.recount(database_url))


def test_a_queue_that_loses_repeats_and_shuffles(
    calls: Calls,
    functions: Functions,
    database_url: str,
    embedder: Embedder,
    figures: Figures,
    rounds: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = make_queue(visibility_seconds=1)
    monkeypatch.setenv("EMBED_QUEUE_URL", queue.url)
    source = EventSource(queue.client, queue.url, partial(functions.process, "chunks_embed"))
    randomness = random.Random(7)
    for turn in range(rounds):
        for number in range(30):
            calls.write(f"{turn}-{number}")
        sent = queue.bodies(queue.url)
        assert len(sent) == 30
        queue.client.purge_queue(QueueUrl=queue.url)
        # Of three one is lost, one comes once and one four times, the last written first.
        coming = [body for place, body in enumerate(sent) for _ in range((0, 1, 4)[place % 3])]
        randomness.shuffle(coming)
        for body in coming:
            queue.send(body)
        while source.poll():
            pass
        assert functions.process("chunks_embed", {"schedule": "now"})["failed"] == 0
    assert jobs(database_url) == {}
    asyncio.run(assert_vectors_are_right(database_url, embedder))
    figures.add("Queue: lost, repeated, shuffled", calls.recount(database_url))


@pytest.mark.parametrize("days", [-2, 2])
def test_a_worker_whose_clock_is_wrong(
    calls: Calls,
    functions: Functions,
    database_url: str,
    embedder: Embedder,
    tmp_path: Path,
    days: int,
    figures: Figures,
) -> None:
    """Leases are by the database's clock: it takes nobody's work, and what it holds ends as for others."""
    calls.write("poison")
    holding = start_worker(tmp_path / "holding.jsonl", "--stall")
    _wait_for_text(tmp_path / "holding.jsonl")
    calls.write("free")
    with_wrong_clock = shifted_clock(days * 86_400)
    skewed = start_worker(tmp_path / "skewed.jsonl", **with_wrong_clock)
    assert skewed.wait(PATIENCE_SECONDS) == 0
    assert "free" in (tmp_path / "skewed.jsonl").read_text()
    assert "poison" not in (tmp_path / "skewed.jsonl").read_text()
    holding.kill()
    holding.wait()
    # One with a wrong clock goes down as well, and holds its work as long as any other would.
    calls.write("poison-2")
    dying = start_worker(tmp_path / "dying.jsonl", "--die", "--lease", "1", **with_wrong_clock)
    assert dying.wait(PATIENCE_SECONDS) == -9
    execute(
        database_url, "UPDATE concord.embedding_job SET claimed_until = least(claimed_until, now() + '1 s')"
    )
    time.sleep(1)
    assert functions.process("chunks_embed", {"schedule": "now"})["ready"] == 2
    asyncio.run(assert_vectors_are_right(database_url, embedder))
    figures.add(f"Clock: {days:+} days", calls.recount(database_url))


def _wait_for_text(record: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not record.exists() or not record.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
