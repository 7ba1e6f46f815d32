import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder, Purpose, Vector
from shared.errors import EmbedderRejected
from shared.local import worker
from shared.local.environment import EMBED_QUEUE_URL
from shared.local.function_list import list_functions
from shared.local.host import create_application, running
from shared.local.worker import Worker
from tests.builders.embedders import FailingEmbedder
from tests.builders.embedding_state import execute

NOBODY = "postgresql://postgres@127.0.0.1:1/postgres"


class StalledEmbedder:
    """Like a provider that does not answer."""

    model = "all-MiniLM-L6-v2"
    dimensions = 384
    is_local = False

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        self.asked.set()
        await asyncio.sleep(60)
        raise AssertionError(texts, purpose)

    async def aclose(self) -> None: ...


@pytest.fixture(autouse=True)
def _environment(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{tmp_path}")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("EMBED_QUEUE_URL", EMBED_QUEUE_URL)
    monkeypatch.setenv("EMBEDDING_MODEL_DIR", str(ensure_model_files()))
    monkeypatch.setenv("USAGE_QUEUE_URL", f"in-process:{uuid.uuid4()}")
    monkeypatch.delenv("REDIS_URL", raising=False)


@asynccontextmanager
async def laptop(*, with_worker: bool) -> AsyncIterator[httpx.AsyncClient]:
    async with running(create_application(with_worker=with_worker)) as application:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
            yield client


async def store(client: httpx.AsyncClient) -> httpx.Response:
    await client.post("/v1/collections", json={"name": "pets"})
    documents = [{"id": "dog", "body": "Dogs bark at the moon"}]
    answer = await client.post("/v1/collections/pets/documents", json={"documents": documents})
    assert answer.json()["errors"] == 0
    return answer


async def pending(client: httpx.AsyncClient) -> int:
    count: int = (await client.get("/v1/collections/pets")).json()["pending"]
    return count


async def wait_until_embedded(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 30
    while await pending(client):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_what_is_written_is_embedded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY", timedelta(hours=1))
    async with laptop(with_worker=True) as client:
        # The sweep at the start is over before anything is written.
        await asyncio.sleep(0.3)
        await store(client)
        await wait_until_embedded(client)
        request = {"q": "canine noise", "mode": "semantic"}
        found = (await client.post("/v1/collections/pets/search", json=request)).json()
        assert [hit["document"]["id"] for hit in found["hits"]] == ["dog"]


async def test_what_another_process_wrote_is_found_by_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY", timedelta(milliseconds=50))
    monkeypatch.setenv("EMBED_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/000000000000/embed")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    async with laptop(with_worker=True) as reader:
        monkeypatch.setenv("EMBED_QUEUE_URL", "in-process:another")
        async with laptop(with_worker=False) as writer:
            await store(writer)
        await wait_until_embedded(reader)


async def test_what_is_used_is_counted() -> None:
    """What requests report and what the worker embeds, whichever comes first."""
    async with laptop(with_worker=True) as client:
        await store(client)
        deadline = time.monotonic() + 20
        while True:
            days = (await client.get("/v1/usage")).json()["usage"]
            if days and 0 not in (days[0]["documents_written"], days[0]["document_tokens"]):
                break
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    assert [day["principal"] for day in days] == ["admin"]


async def test_what_it_tells_of_a_document_has_the_id_of_its_request(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY", timedelta(hours=1))
    refusing = FailingEmbedder(embedder, lambda _: EmbedderRejected("No."))
    async with laptop(with_worker=False) as client, Worker(list_functions(), embedder=refusing).running():
        await asyncio.sleep(0.3)
        stored = await store(client)
        await wait_until_embedded(client)
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["message"], line["correlation_id"]) == ("embedding_failed", stored.headers["x-request-id"])


async def test_it_maintains_when_writes_ask_for_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINTAIN_QUEUE_URL", "in-process:maintain")
    retired = "SELECT count(*) FROM concord.keyword_retired"
    async with laptop(with_worker=False) as client:
        await store(client)
        await client.patch("/v1/collections/pets/documents/dog", json={"body": "Dogs sleep."})
        assert execute(database_url, retired) == [(1,)]
    async with laptop(with_worker=True) as client:
        # What was asked for before the start, the schedule and the next change.
        for body in ("Dogs eat.", "Dogs run."):
            await client.patch("/v1/collections/pets/documents/dog", json={"body": body})
            deadline = time.monotonic() + 30
            while execute(database_url, retired) != [(0,)]:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)


async def test_a_worker_that_stops_gives_its_claims_back() -> None:
    stalled = StalledEmbedder()
    async with laptop(with_worker=False) as client:
        await store(client)
        async with Worker(list_functions(), embedder=stalled).running():
            await stalled.asked.wait()
            assert await pending(client) == 1
    async with laptop(with_worker=True) as client:
        await wait_until_embedded(client)


async def test_failures_do_not_end_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "SWEEP_EVERY", timedelta(milliseconds=50))
    monkeypatch.setenv("DATABASE_URL", NOBODY)
    failures: list[dict[str, Any]] = []
    async with Worker(list_functions(), embedder=StalledEmbedder()).running(), asyncio.timeout(30):
        while sum(failure["function"] == "chunks_embed" for failure in failures) < 3:
            await asyncio.sleep(0.1)
            lines = capsys.readouterr().err.splitlines()
            failures += [json.loads(line) for line in lines]
    assert {failure["function"] for failure in failures} == {
        "chunks_embed",
        "documents_expire",
        "exports_build",
        "imports_process",
        "indexes_maintain",
        "sources_refresh",
    }
    assert {failure["code"] for failure in failures} == {"database_unavailable"}


async def test_objects_of_s3_are_for_deployed_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPORT_BUCKET", "somebodys-bucket")
    async with laptop(with_worker=True) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.put("/uploads/imports/1", content=b"x")).status_code == 404
