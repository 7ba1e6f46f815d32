"""One id from the request to the worker's log."""

import json
import uuid
from typing import Any

import httpx
import pytest

from functions.health_get.handler import router
from shared.config import HttpSettings
from shared.embeddings.protocol import Embedder
from shared.errors import EmbedderUnavailable
from shared.http.application import build_application
from shared.queues.in_process import in_process_queue
from tests.builders.embedders import FailingEmbedder
from tests.builders.events import failed_records, http_event, schedule_event, sqs_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_failures import FailingDatabase

DOCUMENTS = "/v1/collections/guides/documents"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("guides")
@pytest.mark.parametrize(
    ("status", "path", "body"),
    [
        (200, DOCUMENTS, {"documents": [{"id": "a"}]}),
        (400, DOCUMENTS, "{"),
        (404, "/v1/collections/nothing/documents", {"documents": [{"id": "a"}]}),
        (404, "/nowhere", None),
        (413, DOCUMENTS, "x" * 5_000_001),
        (422, DOCUMENTS, {}),
    ],
)
def test_an_answer_has_the_gateways_id(functions: Functions, status: int, path: str, body: object) -> None:
    event = http_event("POST", path, body)
    answered = functions("documents_upsert", event, raw=True)
    assert answered["statusCode"] == status
    assert answered["headers"]["x-request-id"] == event["requestContext"]["requestId"]


def test_a_failure_is_found_by_the_id_of_its_answer(
    functions: Functions, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {"database": FailingDatabase(database_url, ZeroDivisionError())}
    event = http_event("GET", DOCUMENTS)
    answered = functions("documents_list", event, replace=broken, raw=True)
    assert answered["statusCode"] == 500
    (line,) = lines(capsys)
    assert line["correlation_id"] == answered["headers"]["x-request-id"]
    assert line["correlation_id"] == event["requestContext"]["requestId"]


async def test_elsewhere_each_request_gets_an_id_of_its_own() -> None:
    transport = httpx.ASGITransport(build_application([router], HttpSettings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://concord") as client:
        given = [(await client.get("/health")).headers["x-request-id"] for _ in range(2)]
    assert len({uuid.UUID(identifier) for identifier in given}) == 2


def test_what_a_worker_tells_of_a_document_has_the_id_of_its_writer(
    functions: Functions,
    guides: Upsert,
    embedder: Embedder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"in-process:{uuid.uuid4()}"
    monkeypatch.setenv("EMBED_QUEUE_URL", url)
    guides({"id": "a", "body": "A river."})
    change = http_event("PATCH", f"{DOCUMENTS}/a", {"body": "A harbour."})
    functions("documents_update", change)
    sent = list(in_process_queue(url)._messages)
    assert len(sent) == 2
    old = json.dumps({"collection_id": 1, "document_numbers": [1]})
    down = FailingEmbedder(embedder, lambda _: EmbedderUnavailable())
    event = sqs_event(sent[1], old)
    answered = functions.process("chunks_embed", event, replace={"embedder": down})
    assert answered == failed_records(0, 1)
    told = [(line["message"], line["correlation_id"]) for line in lines(capsys)]
    changed = change["requestContext"]["requestId"]
    assert told[:4] == [
        ("embedding_failed", changed),
        ("record_failed", changed),
        # Sent by the version before this one.
        ("embedding_failed", "message-1"),
        ("record_failed", "message-1"),
    ]


def test_what_a_schedule_does_has_its_id(
    functions: Functions, guides: Upsert, embedder: Embedder, capsys: pytest.CaptureFixture[str]
) -> None:
    guides({"id": "a", "body": "A river."})
    down = FailingEmbedder(embedder, lambda _: EmbedderUnavailable())
    event = schedule_event()
    with pytest.raises(EmbedderUnavailable):
        functions.process("chunks_embed", event, replace={"embedder": down})
    assert [line["correlation_id"] for line in lines(capsys)] == [event["id"]]
