"""The functions that a benchmark needs, in one ASGI application over a given database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from functions.collections_create.handler import router as collections_create
from functions.documents_search.handler import router as documents_search
from functions.documents_upsert.handler import router as documents_upsert
from shared.cache.null import NullCache
from shared.config import DatabaseSettings, EmbeddingSettings, HttpSettings
from shared.database.migrations import apply_migrations
from shared.database.pool import PooledConnections
from shared.database.units_of_work import Database
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from shared.http.application import build_application
from shared.http.embedding_space import configured_space
from shared.http.metering import Meter, MeterSettings
from shared.queues.null import NullQueue
from shared.queues.protocol import WriteQueues


@dataclass(frozen=True, slots=True)
class RunningConcord:
    client: httpx.AsyncClient
    database: Database
    embedder: Embedder


@asynccontextmanager
async def running_concord(
    database_url: str, embedder: Embedder | None = None
) -> AsyncIterator[RunningConcord]:
    """Migrate the database and serve collections_create, documents_upsert and documents_search over it.

    Without an `embedder` the local model embeds.
    """
    await apply_migrations(database_url)
    embedding = EmbeddingSettings(embedding_model_dir=ensure_model_files())
    database = PooledConnections(
        DatabaseSettings(
            database_url=SecretStr(database_url),
            database_prepared_statements=True,
            # A benchmark's bulk loads and maintenance are timed, not limited.
            database_statement_timeout_ms=600_000,
        )
    )
    embedder = embedder or open_embedder(embedding)
    application = build_application([collections_create, documents_upsert, documents_search], HttpSettings())
    application.state.database = database
    application.state.cache = NullCache()
    application.state.meter = Meter(MeterSettings())
    application.state.embedder = embedder
    application.state.queues = WriteQueues(NullQueue(), NullQueue())
    application.state.embedding_space = configured_space(embedding)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://concord", timeout=600) as client:
        yield RunningConcord(client, database, embedder)
    await embedder.aclose()
    await database.aclose()
