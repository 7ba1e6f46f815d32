"""A collection changes its model with workers in processes of their own, which may be killed."""

import signal
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.local_model_files import FLOAT32_MODEL
from tests.builders.embedding_state import execute
from tests.builders.events import http_event, schedule_event
from tests.builders.functions import Functions
from tests.builders.worker_process import STALLED
from tests.e2e.test_workers import PATIENCE_SECONDS, Workers, store, wait_until

EMBEDDING = "/v1/collections/guides/embedding"
WITHOUT_NEW_VECTOR = """
    SELECT count(*) FROM concord.chunk c CROSS JOIN concord.embedding_change x WHERE NOT EXISTS (
        SELECT FROM concord.embedding e WHERE e.space_id = x.new_space_id AND e.chunk_id = c.id)
"""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def functions(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """All functions of a deployment with two models, and the collection `guides`."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
    monkeypatch.setenv("EMBEDDING_NEXT_PROVIDER", "local")
    monkeypatch.setenv("EMBEDDING_NEXT_MODEL", FLOAT32_MODEL)
    monkeypatch.setenv("EMBEDDING_NEXT_DIMENSIONS", "384")
    monkeypatch.setenv("EMBEDDING_NEXT_MODEL_DIR", str(ensure_model_files(model=FLOAT32_MODEL)))
    called = Functions()
    created = called("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    assert created["statusCode"] == 201
    yield called
    called.close()


def begin(functions: Functions, texts: dict[str, str]) -> None:
    """Documents with their old vectors, and a change that nobody has worked at."""
    store(functions, texts)
    functions.process("chunks_embed", schedule_event())
    body = {"model": FLOAT32_MODEL, "dimensions": 384}
    assert functions("embeddings_change", http_event("POST", EMBEDDING, body))["statusCode"] == 200


def state(functions: Functions) -> str:
    found = functions("embeddings_get", http_event("GET", EMBEDDING))["body"]
    return str(found["change"]["state"])


def test_ten_workers_embed_each_text_once(functions: Functions, workers: Workers, database_url: str) -> None:
    texts = {f"d{number}": f"Report {number} of the harbour master." for number in range(700)}
    begin(functions, texts)
    assert workers.run_together(*[()] * 10) == [0] * 10
    embedded = workers.embedded()
    assert Counter(chain(*embedded)) == Counter(texts.values())
    assert sum(bool(worked) for worked in embedded) > 2
    functions.process("chunks_embed", schedule_event())
    assert state(functions) == "complete"
    assert execute(database_url, WITHOUT_NEW_VECTOR) == [(0,)]


def test_the_documents_of_a_killed_worker_are_embedded_by_another(
    functions: Functions, workers: Workers, database_url: str
) -> None:
    texts = {f"d{number}": f"Report {number}." for number in range(66)}
    begin(functions, {**texts, "last": "A bottle of poison."})
    process = workers.start("--lease", "4", "--stall")
    wait_until(lambda: STALLED in chain(*workers.embedded()))
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    # What it had stored stays; the three documents that it had taken are nobody else's until its lease ends.
    assert functions.process("chunks_embed", schedule_event())["backfilled"] == 0
    assert state(functions) == "backfilling"
    assert execute(database_url, WITHOUT_NEW_VECTOR) == [(3,)]

    def is_complete() -> bool:
        functions.process("chunks_embed", schedule_event())
        return state(functions) == "complete"

    wait_until(is_complete)
    assert execute(database_url, WITHOUT_NEW_VECTOR) == [(0,)]
