"""200 clients at `concord up`, for five minutes: errors, latencies, memory; then searches that are cached.

    uv run python -m tests.benchmarks.load [--seconds 300] [--clients 200] [--json]

Both kinds of load are closed: a client asks again when it is answered. Of the mixed load nine requests in ten
are searches, some of them cached by then; the others store and delete documents in a collection beside. All
stored documents are looked up in the end: an error or a lost one ends the run with 1. Clients and servers
share the machine. The peer of cached searches is FastAPI with Redis, by hand.
"""

import asyncio
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.load_clients import Asked, Load, load, request
from tests.benchmarks.load_memory import Memory
from tests.benchmarks.report import Report, arguments, percentile
from tests.builders.command_line import serving, wait_until_embedded
from tests.builders.documents import WORDS
from tests.builders.redis import RedisServer

DOCUMENTS = 1_000
CACHED_SECONDS = 10.0
CACHED_QUERIES = 20
MARK_CACHED = 1_500
_COLLECTION = "/v1/collections/library"
_BATCH = 50


class Mixed:
    """One client's requests, and the ids that it was told are stored."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._random = random.Random(number)
        self.stored: set[str] = set()
        self.deleted: set[str] = set()

    def asked(self) -> Iterator[Asked]:
        for turn in itertools.count():
            match self._random.random():
                case chance if chance < 0.90:
                    yield self._search()
                case chance if chance < 0.97 or not self.stored:
                    yield self._upsert(f"n{self._number}-{turn}")
                case _:
                    yield self._delete(self._random.choice(sorted(self.stored)))

    def _search(self) -> Asked:
        words = self._random.choice(WORDS) if self._random.random() < 0.8 else _text(self._random, 3)
        return Asked("search", request("POST", f"{_COLLECTION}/search", {"q": words, "limit": 5}))

    def _upsert(self, id: str) -> Asked:  # noqa: A002 - as the field
        document = {"id": id, "body": _text(self._random, 20)}
        body = {"documents": [document]}

        def answered(_status: int, answer: bytes) -> None:
            assert json.loads(answer)["errors"] == 0
            self.stored.add(id)

        return Asked("upsert", request("POST", "/v1/collections/notes/documents", body), answered)

    def _delete(self, id: str) -> Asked:  # noqa: A002 - as the field
        self.stored.remove(id)

        def answered(_status: int, _answer: bytes) -> None:
            self.deleted.add(id)

        return Asked("delete", request("DELETE", f"/v1/collections/notes/documents/{id}"), answered)


def _text(random_: random.Random, words: int) -> str:
    return " ".join(random_.choices(WORDS, k=words))


def _fill(address: str) -> None:
    """Two collections: one that is searched, and one that is written to."""
    random_ = random.Random(1)
    documents = [{"id": f"d{n}", "body": _text(random_, 30)} for n in range(DOCUMENTS)]
    with httpx.Client(base_url=address, timeout=120) as client:
        for name in ("library", "notes"):
            client.post("/v1/collections", json={"name": name}).raise_for_status()
        for batch in itertools.batched(documents, _BATCH):
            client.post(f"{_COLLECTION}/documents", json={"documents": batch}).raise_for_status()
    wait_until_embedded(address, "library")


def _cached(number: int, *, by_address: bool = False) -> Iterator[Asked]:
    path = f"{_COLLECTION}/search"
    words = [WORDS[(number + n) % CACHED_QUERIES] for n in range(CACHED_QUERIES)]
    if by_address:
        sent = [request("GET", f"{path}?q={word}&limit=5") for word in words]
    else:
        sent = [request("POST", path, {"q": word, "limit": 5}) for word in words]
    return itertools.cycle([Asked("search", each) for each in sent])


def _load_cached(address: str, clients: int, seconds: float, *, by_address: bool = False) -> Load:
    # One client asks for all that the others then find.
    first = itertools.islice(_cached(0, by_address=by_address), CACHED_QUERIES)
    asyncio.run(load(address, [first], seconds=60))
    asked = [_cached(number, by_address=by_address) for number in range(clients)]
    return asyncio.run(load(address, asked, seconds))


def _lost(address: str, clients: list[Mixed]) -> int:
    """How many of the ids that are stored are not found, and of those that were deleted are."""
    with httpx.Client(base_url=address, timeout=60) as client:
        found: set[str] = set()
        cursor: str | None = None
        while True:
            query: dict[str, Any] = {"limit": 100} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/collections/notes/documents", params=query).raise_for_status().json()
            found |= {document["id"] for document in page["documents"]}
            cursor = page["cursor"]
            if cursor is None:
                break
    stored = set().union(*(client.stored for client in clients))
    deleted = set().union(*(client.deleted for client in clients))
    return len(stored - found) + len(deleted & found)


async def _mixed(address: str, clients: list[Mixed], seconds: float, memory: Memory) -> Load:
    watching = asyncio.create_task(memory.watch())
    made = await load(address, [client.asked() for client in clients], seconds)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return made


def _row(what: str, made: Load) -> dict[str, Any]:
    times = made.all_milliseconds()
    return {
        "what": what,
        "answers": made.answers,
        "per_second": round(made.answers / made.seconds),
        "errors": sum(made.errors.values()),
        "cached": f"{made.hits / max(made.answers, 1):.0%}",
        "p50_ms": round(percentile(times, 0.5), 1),
        "p99_ms": round(percentile(times, 0.99), 1),
        "max_ms": round(max(times), 1),
    } | ({"failures": dict(made.errors)} if made.errors else {})


@contextmanager
def _peer() -> Iterator[str]:
    with RedisServer() as redis, tempfile.TemporaryDirectory() as folder:
        port = 18_765
        command = [sys.executable, "-m", "tests.benchmarks.peers.cached_answers", str(port), redis.url]
        process = subprocess.Popen(command, stderr=(Path(folder) / "log").open("w"))
        address = f"http://127.0.0.1:{port}"
        try:
            while True:
                with suppress(httpx.TransportError):
                    httpx.get(f"{address}/health").raise_for_status()
                    break
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait()


def measure(clients: int, seconds: float) -> Report:
    report = Report(f"load: {clients} clients, {seconds:g} s", settings={"documents": DOCUMENTS})
    mixed = [Mixed(number) for number in range(clients)]
    cached_seconds = min(CACHED_SECONDS, seconds)
    with tempfile.TemporaryDirectory(prefix="concord-load-", dir="/tmp") as name:
        folder = Path(name)
        with serving("up", "--port", "0", folder=folder) as (address, process):
            _fill(address)
            memory = Memory(process.pid, folder)
            made = asyncio.run(_mixed(address, mixed, seconds, memory))
            row = _row("mixed", made) | {"lost": _lost(address, mixed), "MiB": round(memory.samples[-1])}
            report.rows.append(row)
            report.rows += [
                {
                    "what": f"  {kind}",
                    "answers": len(times),
                    "p50_ms": round(percentile(times, 0.5), 1),
                    "p99_ms": round(percentile(times, 0.99), 1),
                }
                for kind, times in made.milliseconds.items()
            ]
            cached = _load_cached(address, clients, cached_seconds)
            addressed = _load_cached(address, clients, cached_seconds, by_address=True)
            report.rows += [_row("cached searches", cached), _row("cached searches by GET", addressed)]
    with _peer() as address:
        peer = _load_cached(address, clients, cached_seconds)
        report.rows.append(_row("peer: FastAPI and Redis by hand", peer))
    report.ratios = {
        "errors": float(sum(sum(each.errors.values()) for each in (made, cached, addressed))),
        "lost": float(row["lost"]),
        "memory, last to warm": round(memory.growth(), 3),
        "mixed p99 / p50": round(row["p99_ms"] / row["p50_ms"], 2),
        f"cached searches per second / {MARK_CACHED}": round(
            cached.answers / cached.seconds / MARK_CACHED, 3
        ),
        "cached searches / peer": round(cached.answers / cached.seconds / (peer.answers / peer.seconds), 3),
    }
    return report


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--clients", type=int, default=200)
    options = parser.parse_args()
    report = measure(options.clients, options.seconds)
    report.print(as_json=options.json)
    if report.ratios["errors"] or report.ratios["lost"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
