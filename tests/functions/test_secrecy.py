"""Nothing that callers send and no key is ever written into a log, whatever happens."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from shared.observability import Event
from tests.builders.marked_calls import MARK, PROVIDERS
from tests.builders.sqs import ENVIRONMENT

# Of each provider's calls, in their order: an answer's status; of a queue's batch how many records failed.
EXPECTED = [
    ("collections_create", 201),
    ("documents_upsert", 200),
    ("documents_get", 200),
    ("documents_update", 200),
    ("documents_search", 200),
    ("chunks_embed", 0),
    ("documents_upsert", 422),
    ("documents_upsert", 400),
    ("documents_upsert", 413),
    ("documents_search", 422),
    ("documents_search", 422),
    ("documents_list", 401),
    ("documents_get", 404),
    ("documents_delete_by_filter", 422),
    ("chunks_embed", 3),
    ("indexes_maintain", 3),
    ("documents_upsert", 200),
    ("documents_search", 200),
    ("documents_upsert", 503),
    ("documents_search", 503),
    ("chunks_embed", 1),
    ("indexes_maintain", "database_unavailable"),
    ("broken", 500),
]
TOLD = {
    Event.CACHE_UNAVAILABLE,
    Event.CACHE_NOT_INVALIDATED,
    Event.EMBEDDER_UNAVAILABLE,
    Event.EMBEDDING_FAILED,
    Event.QUEUE_UNAVAILABLE,
    Event.RECORD_FAILED,
    Event.REQUEST_FAILED,
    Event.REQUEST_UNAVAILABLE,
    Event.SWEEP_FAILED,
    Event.USED,
}


class Refusing(BaseHTTPRequestHandler):
    """A provider that refuses everything and quotes what it refuses."""

    def do_POST(self) -> None:
        answer = b"refused: " + self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the overridden name
        """Keep the test's output clean."""


@pytest.fixture
def provider() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_logs_tell_no_secrets(database_url: str, provider: str, tmp_path: Path) -> None:
    outcomes = tmp_path / "outcomes.json"
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "DATABASE_URL": database_url,
        "AWS_ENDPOINT_URL_SQS": provider,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.builders.marked_calls", str(outcomes), provider],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    written = done.stdout + done.stderr
    assert done.returncode == 0, written
    assert [tuple(outcome) for outcome in json.loads(outcomes.read_text())] == EXPECTED * len(PROVIDERS)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    events = {line["message"] for line in lines if "message" in line}
    assert events == TOLD
    assert {line["service"] for line in lines} == {"concord"}
    leaks = [line for line in written.splitlines() if re.search(MARK, line, re.IGNORECASE)]
    assert leaks == []
