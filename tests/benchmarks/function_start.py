"""A function's start: documents_get, from process start to its first response with one row read,
beside a bare FastAPI + Mangum hello-world. Both run with compiled bytecode, in fresh processes, in turn.

    uv run python -m tests.benchmarks.function_start [--json] [--rounds N]
"""

import asyncio
import compileall
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr

from shared.cache.null import NullCache
from shared.config import DatabaseSettings
from shared.database.connections import open_connection
from shared.database.migrations import apply_migrations
from shared.domain.documents import DocumentInput
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import ADMIN
from shared.queues.null import NullQueue
from shared.queues.protocol import WriteQueues
from shared.services.create_collection import create_collection
from shared.services.upsert_documents import upsert_documents
from tests.benchmarks.report import Report, arguments
from tests.builders.events import http_event
from tests.builders.postgres import folder_for_servers, start_postgres, stop_postgres

HELLO = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

@app.get("/hello")
async def hello():
    return {"hello": "world"}

handler = Mangum(app, lifespan="off")
"""
RUN = """
import json, sys
{imports}
event = json.loads(sys.argv[1])
response = handler(event, None)
assert response["statusCode"] == 200, response
print(len(sys.modules))
"""


async def prepare(url: str) -> None:
    """One collection with one document to read."""
    await apply_migrations(url)
    database = open_connection(DatabaseSettings(database_url=SecretStr(url)))
    space = EmbeddingSpace("all-MiniLM-L6-v2", 384)
    await create_collection(database, NullCache(), ADMIN, space, name="bench", language="english")
    document = DocumentInput(id="one", title="One", body="A document to read.")
    queues = WriteQueues(NullQueue(), NullQueue())
    await upsert_documents(database, NullCache(), queues, ADMIN, "bench", [document])
    await database.aclose()


def start(script: str, event: dict[str, object], environment: dict[str, str]) -> tuple[float, int]:
    """Milliseconds from process start to its end, and how many modules it imported."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(event)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return (time.perf_counter() - started) * 1000, int(done.stdout.split()[-1])


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    compileall.compile_dir(sysconfig.get_paths()["purelib"], quiet=2, workers=0)
    for package in ("functions", "shared"):
        compileall.compile_dir(package, quiet=2)
    report = Report("Process start to first response, ms")
    with folder_for_servers() as folder, tempfile.TemporaryDirectory() as hello:
        Path(hello, "hello.py").write_text(HELLO)
        compileall.compile_dir(hello, quiet=2)
        url = start_postgres(Path(folder), 18)
        asyncio.run(prepare(url))
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path.cwd()), hello]),
            "DATABASE_URL": url,
            "LAMBDA_TASK_ROOT": str(Path.cwd()),
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "POWERTOOLS_SERVICE_NAME": "concord",
        }
        environment.pop("REDIS_URL", None)
        sides = {
            "FastAPI + Mangum hello-world": (
                RUN.format(imports="from hello import handler"),
                http_event("GET", "/hello"),
            ),
            "documents_get, one row read": (
                RUN.format(imports="from functions.documents_get.handler import handler"),
                http_event("GET", "/v1/collections/bench/documents/one"),
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in sides}
        modules = {}
        for turn in range(options.rounds + 1):
            for name, (script, event) in sides.items():
                took, modules[name] = start(script, event, environment)
                if turn:
                    times[name].append(took)
        stop_postgres(Path(folder), 18)
    for name, measured in times.items():
        report.rows.append(
            {
                "what": name,
                "median_ms": round(statistics.median(measured), 1),
                "min_ms": round(min(measured), 1),
                "max_ms": round(max(measured), 1),
                "modules": modules[name],
            }
        )
    hello_ms, ours_ms = (statistics.median(measured) for measured in times.values())
    report.ratios["start_vs_hello"] = round(ours_ms / hello_ms, 3)
    report.print(as_json=options.json)


if __name__ == "__main__":
    main()
