"""Refreshes of sources, from the message to the documents, as queue and bucket would have them go on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.local.lambda_calls import storage_event
from shared.queues.in_process import in_process_queue
from tests.builders.events import http_event, sqs_event
from tests.builders.functions import Functions, Response

COLLECTION = "/v1/collections/guides"


@dataclass
class SourceRuns:
    """The functions of sources, with a queue in memory and a folder for a bucket."""

    functions: Functions
    folder: Path
    queue_url: str

    def create(self, **definition: Any) -> Response:
        settings = {"requests_per_second": 1000, **definition.pop("settings", {})}
        return self.call("sources_create", "POST", "", {**definition, "settings": settings})

    def call(self, name: str, method: str, path: str, body: Any = None, query: str = "") -> Response:
        return self.functions(name, http_event(method, f"{COLLECTION}/sources{path}", body, query=query))

    def get(self, source: str) -> Any:
        return self.call("sources_get", "GET", f"/{source}")["body"]

    def last_run(self, source: str) -> dict[str, Any]:
        """Its counts, without times."""
        run: dict[str, Any] = self.get(source)["runs"][0]
        return {name: value for name, value in run.items() if not name.endswith("_at")}

    def pause(self, source: str) -> float:
        """Seconds until it is due."""
        due = datetime.fromisoformat(self.get(source)["next_due_at"])
        return (due - datetime.now(UTC)).total_seconds()

    def refresh(self, source: str) -> None:
        answer = self.call("sources_update", "PATCH", f"/{source}", {"refresh": True})
        assert answer["statusCode"] == 200, answer
        self.finish()

    def messages(self) -> list[str]:
        """What waits in the queue, taken out of it."""
        waiting = list(in_process_queue(self.queue_url)._messages)
        in_process_queue(self.queue_url)._messages.clear()
        return waiting

    def finish(self) -> None:
        """Hand on messages and outcomes until there are none."""
        while messages := self.messages():
            for message in messages:
                assert self.fetch(message) == {"batchItemFailures": []}
                self.store()

    def fetch(self, message: str, *, seconds: float = 60.0) -> Any:
        return self.functions.process("sources_fetch", sqs_event(message), seconds=seconds)

    def outcomes(self) -> list[str]:
        content = self.folder / "content"
        outcomes = (content / "fetched" / "outcomes").glob("*/*/*")
        return sorted(path.relative_to(content).as_posix() for path in outcomes)

    def store(self) -> None:
        for key in self.outcomes():
            self.functions.process("sources_store", storage_event(key, 1))

    def documents(self) -> dict[str, dict[str, Any]]:
        """All documents by their address."""
        listed = self.functions("documents_list", http_event("GET", f"{COLLECTION}/documents"))["body"]
        return {document["url"]: document for document in listed["documents"]}

    def body(self, url: str) -> str:
        path = f"{COLLECTION}/documents/{self.documents()[url]['id']}"
        text: str = self.functions("documents_get", http_event("GET", path))["body"]["body"]
        return text

    def embed(self) -> int:
        """How many chunks wanted a vector."""
        report = self.functions.process("chunks_embed", {"schedule": "now"})
        assert report["failed"] == 0
        chunks: int = report["chunks"]
        return chunks


def open_source_runs(functions: Functions, folder: Path, monkeypatch: pytest.MonkeyPatch) -> SourceRuns:
    url = f"in-process:{folder}"
    monkeypatch.setenv("FETCH_QUEUE_URL", url)
    monkeypatch.setenv("IMPORT_BUCKET", f"folder:{folder}")
    monkeypatch.setenv("FETCH_ALLOW_PRIVATE", "true")
    created = functions("collections_create", http_event("POST", "/v1/collections", {"name": "guides"}))
    assert created["statusCode"] == 201
    return SourceRuns(functions, folder, url)
