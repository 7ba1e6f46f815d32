"""Concord in the search benchmark: loaded through its services, asked through its ASGI application."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import batched
from typing import Any

from shared.cache.null import NullCache
from shared.domain.principals import WORKER
from shared.services.embed_chunks import EmbedRun
from shared.services.maintain_indexes import maintain_indexes
from tests.benchmarks.peers.peer import K
from tests.benchmarks.search_data import Query, SearchData
from tests.benchmarks.searched_documents import Document
from tests.builders.application import RunningConcord, running_concord
from tests.builders.given_vectors import GivenVectors

COLLECTION = "bench"
# Of a search that answers with no more than its peers do.
IDS_ALONE: dict[str, object] = {"include_fields": ["id"], "passages": 0, "highlight": False}
_BATCH = 1_000
_LONG_ENOUGH_SECONDS = 6 * 3600.0


@dataclass(slots=True)
class Loaded:
    """What it took to store documents: words and text by the upsert, then the vectors given for them."""

    documents: int = 0
    upsert_seconds: float = 0.0
    vector_seconds: float = 0.0

    def row(self, what: str) -> dict[str, Any]:
        seconds = self.upsert_seconds + self.vector_seconds
        return {
            "table": "load",
            "side": "concord",
            "what": what,
            "documents": self.documents,
            "upsert_s": round(self.upsert_seconds, 2),
            "vectors_s": round(self.vector_seconds, 2),
            "seconds": round(seconds, 2),
            "upserts_per_s": round(self.documents / self.upsert_seconds),
            "documents_per_s": round(self.documents / seconds),
        }


class Concord:
    """`http` is the application with vectors given beforehand, so that no side waits for the model."""

    name = "concord"

    def __init__(self, http: RunningConcord, vectors: GivenVectors) -> None:
        self._http = http
        self._vectors = vectors
        self.database, self.embedder = http.database, vectors

    async def create(self, data: SearchData) -> None:
        answer = await self._http.client.post("/v1/collections", json={"name": COLLECTION})
        answer.raise_for_status()
        queries = [query for kind in data.queries.values() for query in kind]
        self._vectors.give_queries({query.text: query.vector.tolist() for query in queries})

    async def load(self, documents: Sequence[Document], batch_size: int = _BATCH) -> Loaded:
        """Store the documents by batches, each batch's vectors after its texts."""
        loaded = Loaded()
        for batch in batched(documents, batch_size):
            body = {"documents": [{"id": d.id, "title": d.title or None, "body": d.body} for d in batch]}
            started = time.perf_counter()
            answer = await self._http.client.post(f"/v1/collections/{COLLECTION}/documents", json=body)
            answer.raise_for_status()
            assert answer.json()["errors"] == 0, answer.text[:500]
            loaded.upsert_seconds += time.perf_counter() - started
            self._vectors.give_passages(
                {
                    text: vector
                    for document in batch
                    for text, vector in zip(document.passages, document.vectors.tolist(), strict=True)
                }
            )
            started = time.perf_counter()
            await self._embed()
            loaded.vector_seconds += time.perf_counter() - started
            loaded.documents += len(batch)
        return loaded

    async def maintain(self) -> float:
        """Seconds to compact the keyword index and to build the vector index."""
        started = time.perf_counter()
        deadline = time.monotonic() + _LONG_ENOUGH_SECONDS
        report = await maintain_indexes(self._http.database, WORKER, deadline=deadline)
        assert report.complete
        return time.perf_counter() - started

    def answer(self, mode: str, **fields: object) -> Callable[[Query], Awaitable[list[str]]]:
        """Searches in that mode, with other fields of the request as they are given."""

        async def answer(query: Query) -> list[str]:
            return await self.search(mode, query, **fields)

        return answer

    async def search(self, mode: str, query: Query, **fields: object) -> list[str]:
        """The ids of the ten best documents; the answer has all that it has by default."""
        answer = await self._http.client.post(
            f"/v1/collections/{COLLECTION}/search", json={"q": query.text, "mode": mode, "limit": K, **fields}
        )
        answer.raise_for_status()
        found = answer.json()
        assert not found["degraded"], found["degraded"]
        return [hit["document"]["id"] for hit in found["hits"]]

    async def _embed(self) -> None:
        deadline = time.monotonic() + _LONG_ENOUGH_SECONDS
        run = EmbedRun(self._http.database, self._vectors, NullCache(), WORKER, deadline=deadline)
        await run.embed_due()
        assert run.report.failed == 0


@asynccontextmanager
async def open_concord(database_url: str) -> AsyncIterator[Concord]:
    vectors = GivenVectors()
    async with running_concord(database_url, vectors) as http:
        yield Concord(http, vectors)
