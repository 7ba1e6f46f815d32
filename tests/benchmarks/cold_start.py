"""Cold starts: from the first request to its answer, in AWS's Runtime Interface Emulator.

    uv run python -m tests.benchmarks.cold_start [--json] [--rounds N]

Every function runs as it is deployed: its package, its layers, Lambda's runtime, and nothing else. Beside
them run a FastAPI + Mangum hello-world, as an ordinary package, and a handler that imports nothing. All have
bytecode; each round starts every one of them once, in turn. The database takes passwords over TCP; its secret
is read from moto. Warm calls are compared with their service alone.
"""

import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.cold_start_data import Data, deployed_data
from tests.benchmarks.report import Report, arguments
from tests.benchmarks.warm_calls import WarmCalls
from tests.builders.events import Event, http_event, schedule_event
from tests.builders.ordinary_packages import bare_handler, hello_world
from tests.builders.packages import PackagedFunction, PackageFolder, package_all
from tests.builders.runtime_emulator import RunningFunction

_INIT = re.compile(r"INIT REPORT\(durationMs: ([\d.]+)\)")
_PATH = "/v1/collections/library"
_WARM_CALLS_A_ROUND = 30


@dataclass(slots=True)
class Side:
    """A function in one configuration. `event` is made before each start, outside of its time.

    `ratio` is the name of its median over the hello-world's.
    """

    name: str
    function: PackagedFunction
    environment: dict[str, str]
    event: Callable[[], Event]
    is_right: Callable[[Any], bool]
    ratio: str | None = None
    total_ms: list[float] = field(default_factory=list)
    init_ms: list[float] = field(default_factory=list)

    def start(self, *, counts: bool) -> None:
        event = self.event()
        with RunningFunction(self.function, self.environment, is_watched=False) as running:
            started = time.perf_counter()
            answer = running.invoke(event)
            took = (time.perf_counter() - started) * 1000
            assert self.is_right(answer), (self.name, answer, running.log)
            init = _INIT.search(running.log)
        assert init, self.name
        if counts:
            self.total_ms.append(took)
            self.init_ms.append(float(init[1]))

    def row(self) -> dict[str, object]:
        total, init = statistics.median(self.total_ms), statistics.median(self.init_ms)
        return {
            "what": self.name,
            "init_ms": round(init, 1),
            "first_answer_ms": round(total - init, 1),
            "total_ms": round(total, 1),
            "total_min_ms": round(min(self.total_ms), 1),
        }


def is_ok(answer: Any) -> bool:
    return bool(answer["statusCode"] == 200)


def found_one_by_meaning(answer: Any) -> bool:
    found = json.loads(answer["body"])
    return found["mode"] == "hybrid" and not found["degraded"] and len(found["hits"]) == 1


def sides(packages: PackageFolder, others: Path, data: Data) -> list[Side]:
    """The hello-world first."""
    get, search = packages.function("documents_get"), packages.function("documents_search")
    embed, maintain = packages.function("chunks_embed"), packages.function("indexes_maintain")
    model = {"EMBEDDING_MODEL_DIR": str(search.model_directory)}

    def one() -> Event:
        return http_event("GET", f"{_PATH}/documents/one")

    def hello() -> Event:
        return http_event("GET", "/hello")

    def question() -> Event:
        return http_event("POST", f"{_PATH}/search", {"q": "how far is the moon?"})

    def is_embedded(answer: Any) -> bool:
        return bool(answer == {"batchItemFailures": []})

    def is_maintained(answer: Any) -> bool:
        return "purged_rows" in answer or "complete" in answer

    hellos = [
        Side("FastAPI + Mangum hello-world", hello_world(others), {}, hello, is_ok),
        Side("bare handler", bare_handler(others), {}, hello, is_ok, "bare_vs_hello"),
    ]
    secret, url, iam = data.with_secret, data.with_url, data.with_iam
    return [
        *hellos,
        Side("documents_get, secret", get, secret, one, is_ok, "http_secret_vs_hello"),
        Side("documents_get, DATABASE_URL", get, url, one, is_ok, "http_url_vs_hello"),
        Side("documents_get, IAM", get, iam, one, is_ok, "http_iam_vs_hello"),
        Side(
            "documents_search, model, secret", search, secret | model, question, found_one_by_meaning,
            "search_with_model_vs_hello",
        ),
        Side(
            "chunks_embed, model, secret", embed, secret | model, data.pending, is_embedded,
            "queue_with_model_vs_hello",
        ),
        Side(
            "chunks_embed, nothing to do, secret", embed, secret | model, data.pending_no_more, is_embedded,
            "queue_vs_hello",
        ),
        Side(
            "indexes_maintain, secret", maintain, secret, schedule_event, is_maintained,
            "schedule_vs_hello",
        ),
    ]  # fmt: skip


def compare(measured: Sequence[Side], report: Report) -> None:
    """Each start is compared with the hello-world's of its own round, as the machine's other work varies."""
    hello_ms = measured[0].total_ms
    for side in measured:
        report.rows.append(side.row())
        if side.ratio:
            ratios = [ours / theirs for ours, theirs in zip(side.total_ms, hello_ms, strict=True)]
            report.ratios[side.ratio] = round(statistics.median(ratios), 3)


def measure_warm(data: Data, rounds: int, report: Report) -> None:
    os.environ |= data.with_url
    warm = WarmCalls(data.settings, data.embedder).measure(rounds * _WARM_CALLS_A_ROUND)
    for name, (function_ms, service_ms) in warm.items():
        report.rows.append(
            {
                "what": f"{name}, warm",
                "total_ms": round(function_ms, 3),
                "service_ms": round(service_ms, 3),
                "above_service_ms": round(function_ms - service_ms, 3),
            }
        )
        report.ratios[f"{name}_warm_vs_service"] = round(function_ms / service_ms, 3)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    report = Report("First request to its answer, ms, medians")
    with tempfile.TemporaryDirectory() as folder, deployed_data() as data:
        others = Path(folder) / "others"
        others.mkdir()
        measured = sides(package_all(Path(folder) / "packages"), others, data)
        for turn in range(options.rounds + 1):
            for side in measured:
                side.start(counts=turn > 0)
        compare(measured, report)
        measure_warm(data, options.rounds, report)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
