"""The services over one database and one collection, called as routes and workers call them."""

import time
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from shared.cache.null import NullCache
from shared.config import DatabaseSettings, EmbeddingSettings
from shared.database.units_of_work import Database
from shared.domain.collection_settings import CollectionSettingsChange
from shared.domain.document_writes import WriteStatus
from shared.domain.documents import DocumentChange, DocumentInput
from shared.domain.embedding_jobs import EmbedRequest
from shared.domain.maintenance import MaintainRequest
from shared.domain.new_collections import CollectionChange, NewCollection
from shared.domain.principals import ADMIN, WORKER
from shared.domain.search import SearchRequest, SearchResponse
from shared.embeddings.protocol import Embedder
from shared.http.embedding_space import configured_space
from shared.queues.protocol import Message, WriteQueues
from shared.repositories.collections import CountedCollection
from shared.repositories.documents import StoredDocument
from shared.services.create_collection import create_collection
from shared.services.delete_collection import delete_collection
from shared.services.delete_document import delete_document
from shared.services.delete_documents_by_filter import delete_documents_by_filter
from shared.services.document_budget import DocumentBudget
from shared.services.embed_chunks import EmbedReport, EmbedRun
from shared.services.get_collection import get_collection
from shared.services.get_document import get_document
from shared.services.maintain_indexes import MaintenanceReport, maintain_indexes
from shared.services.search_documents import search_documents
from shared.services.update_collection import update_collection
from shared.services.update_document import update_document
from shared.services.upsert_documents import upsert_documents

LONG_ENOUGH_SECONDS = 120.0


def settings_of(database_url: str, **changes: Any) -> DatabaseSettings:
    return DatabaseSettings(database_url=SecretStr(database_url), **changes)


class RecordedQueue[Sent: Message]:
    """A queue that keeps what was sent."""

    def __init__(self) -> None:
        self.requests: list[Sent] = []

    async def send(self, messages: Sequence[Sent]) -> None:
        self.requests.extend(messages)

    async def aclose(self) -> None:
        """There is nothing to close."""


class Library:
    """A collection and what can be done with it."""

    def __init__(self, database: Database, embedder: Embedder, name: str = "library") -> None:
        self.database = database
        self.embedder = embedder
        self.name = name
        self.queue = RecordedQueue[EmbedRequest]()
        self.maintain_queue = RecordedQueue[MaintainRequest]()
        self._queues = WriteQueues(self.queue, self.maintain_queue)
        self._cache = NullCache()

    async def create(self, *, settings: EmbeddingSettings | None = None, **wanted: Any) -> None:
        """`wanted` as NewCollection has it."""
        space = configured_space(settings or EmbeddingSettings())
        collection = NewCollection(name=self.name, **wanted)
        await create_collection(self.database, self._cache, ADMIN, space, collection)

    async def upsert(self, *documents: DocumentInput) -> dict[str, WriteStatus | None]:
        outcomes = await upsert_documents(
            self.database, self._cache, self._queues, ADMIN, self.name, documents
        )
        return {outcome.id: outcome.status for outcome in outcomes}

    async def change(self, id: str, **fields: Any) -> StoredDocument:  # noqa: A002 - its field's name
        change = DocumentChange(**fields)
        return await update_document(self.database, self._cache, self._queues, ADMIN, self.name, id, change)

    async def get(self, id: str) -> StoredDocument:  # noqa: A002 - its field's name
        return await get_document(self.database, ADMIN, self.name, id)

    async def delete(self, id: str) -> None:  # noqa: A002 - its field's name
        await delete_document(self.database, self._cache, self.maintain_queue, ADMIN, self.name, id)

    async def delete_where(self, condition: str) -> int:
        gone = await delete_documents_by_filter(
            self.database, self._cache, self.maintain_queue, ADMIN, self.name, condition
        )
        assert gone.exact
        return gone.deleted

    async def drop(self) -> None:
        await delete_collection(self.database, self._cache, self.maintain_queue, ADMIN, self.name)

    async def count(self) -> CountedCollection:
        return await get_collection(self.database, ADMIN, self.name)

    async def search(self, q: str, *, embedder: Embedder | None = None, **fields: Any) -> SearchResponse:
        request = SearchRequest(q=q, **fields)
        return await search_documents(self.database, embedder or self.embedder, ADMIN, self.name, request)

    async def find(self, q: str, **fields: Any) -> list[str]:
        """The ids of the hits."""
        found = await self.search(q, **fields)
        return [hit.document.id or "" for hit in found.hits]

    def worker(
        self,
        embedder: Embedder | None = None,
        *,
        seconds: float = LONG_ENOUGH_SECONDS,
        tokens_per_day: int | None = None,
    ) -> EmbedRun:
        return EmbedRun(
            self.database,
            embedder or self.embedder,
            self._cache,
            WORKER,
            deadline=time.monotonic() + seconds,
            budget=DocumentBudget(tokens_per_day),
        )

    async def embed(self, embedder: Embedder | None = None) -> EmbedReport:
        """Embed whatever is due."""
        worker = self.worker(embedder)
        await worker.embed_due()
        return worker.report

    async def maintain(self, *, seconds: float = LONG_ENOUGH_SECONDS) -> MaintenanceReport:
        return await maintain_indexes(self.database, WORKER, deadline=time.monotonic() + seconds)

    async def configure(self, change: CollectionSettingsChange) -> None:
        await self.reshape(settings=change)

    async def reshape(self, **change: Any) -> None:
        """`change` as CollectionChange has it."""
        await update_collection(self.database, self._cache, ADMIN, self.name, CollectionChange(**change))
