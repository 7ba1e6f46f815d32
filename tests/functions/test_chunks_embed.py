"""chunks_embed: messages of its queue and its schedule."""

import asyncio
import json
import time
from typing import Any

import psycopg
import pytest

from functions.chunks_embed.handler import chunks_embed
from functions.chunks_embed.resources import Resources
from shared.cache.null import NullCache
from shared.embeddings.protocol import Embedder
from shared.errors import InvalidRequest
from tests.builders.events import failed_records, http_event, schedule_event, sqs_event
from tests.builders.functions import Functions
from tests.functions.conftest import Upsert
from tests.functions.test_failures import FailingDatabase

CATS = {"id": "cats", "body": "Cats purr and hunt mice."}
STARS = {"id": "stars", "body": "Stars are spheres of plasma."}


def report(**counts: int) -> dict[str, int]:
    return {"ready": 0, "failed": 0, "chunks": 0, "backfilled": 0, **counts}


def states(functions: Functions) -> dict[str, str]:
    listed = functions("documents_list", http_event("GET", "/v1/collections/guides/documents"))["body"]
    return {document["id"]: document["embedding_state"] for document in listed["documents"]}


def found_by_meaning(functions: Functions, q: str) -> list[str]:
    request = {"q": q, "mode": "semantic", "min_score": 0.2}
    found = functions("documents_search", http_event("POST", "/v1/collections/guides/search", request))
    return [hit["document"]["id"] for hit in found["body"]["hits"]]


def message(database_url: str, *ids: str) -> str:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT collection_id, number FROM concord.document WHERE id = ANY(%s)", [list(ids)]
        ).fetchall()
    return json.dumps({"collection_id": rows[0][0], "document_numbers": [row[1] for row in rows]})


@pytest.mark.parametrize("event", [schedule_event(), {"schedule": "now"}])
def test_the_schedule_embeds_whatever_is_pending(
    functions: Functions, guides: Upsert, event: dict[str, Any]
) -> None:
    guides(CATS, STARS, {"id": "empty"})
    assert states(functions) == {"cats": "pending", "empty": "ready", "stars": "pending"}
    assert found_by_meaning(functions, "feline pets") == []
    assert functions.process("chunks_embed", event) == report(ready=2, chunks=2)
    assert states(functions) == {"cats": "ready", "empty": "ready", "stars": "ready"}
    assert found_by_meaning(functions, "feline pets") == ["cats"]
    assert functions.process("chunks_embed", event) == report()


def test_a_message_embeds_what_it_names_and_what_was_forgotten(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides(CATS, STARS)
    event = sqs_event(message(database_url, "cats"))
    assert functions.process("chunks_embed", event) == failed_records()
    assert states(functions) == {"cats": "ready", "stars": "ready"}
    assert functions.process("chunks_embed", event) == failed_records()


async def test_a_sweep_that_fails_does_not_fail_the_messages(
    functions: Functions,
    guides: Upsert,
    database_url: str,
    embedder: Embedder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await asyncio.to_thread(guides, CATS, STARS)
    # A message takes five units of work: claim, look for what SQL wrote, read, store, and claim in vain.
    database = FailingDatabase(database_url, ZeroDivisionError("secret"), first=6)
    event = sqs_event(message(database_url, "cats"))
    resources = Resources(database, embedder, NullCache())
    answer = await chunks_embed(event, resources, time.monotonic() + 60)
    assert answer == failed_records()
    (line,) = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (line["message"], line["error"]) == ("sweep_failed", "ZeroDivisionError")
    await database.aclose()
    assert await asyncio.to_thread(states, functions) == {"cats": "ready", "stars": "pending"}


def test_messages_that_say_nothing_fail_alone(
    functions: Functions, guides: Upsert, database_url: str
) -> None:
    guides(CATS, STARS)
    event = sqs_event(
        "{",
        message(database_url, "cats"),
        '{"collection_id": 1}',
        '{"collection_id": 1, "document_numbers": [0]}',
        message(database_url, "stars"),
        '{"collection_id": 77, "document_numbers": [1]}',
    )
    assert functions.process("chunks_embed", event) == failed_records(0, 2, 3)
    assert states(functions) == {"cats": "ready", "stars": "ready"}


@pytest.mark.parametrize(
    "event", [{}, {"Records": []}, {"Records": [{"eventSource": "aws:s3"}]}, {"schedule": ""}]
)
def test_other_events_are_refused(functions: Functions, event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        functions.process("chunks_embed", event)
