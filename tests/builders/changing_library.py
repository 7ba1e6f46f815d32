"""A collection that changes its embedding model, with the steps of the change as methods."""

import time
from typing import Any

from shared.cache.null import NullCache
from shared.config import EmbeddingProvider, EmbeddingSettings
from shared.database.units_of_work import Database
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import ADMIN, WORKER
from shared.embeddings.local import DIMENSIONS
from shared.embeddings.local_model_build import ensure_model_files
from shared.embeddings.local_model_files import FLOAT32_MODEL, MODEL
from shared.embeddings.model_change import spaces_of
from shared.embeddings.protocol import Embedder
from shared.repositories.embedding_changes import FoundChange
from shared.services.backfill_embeddings import BackfillRun
from shared.services.change_embedding import (
    clean_up_change,
    start_change,
    switch_space,
)
from shared.services.embed_chunks import LEASE_SECONDS
from shared.services.get_embedding import get_embedding
from tests.builders.library import LONG_ENOUGH_SECONDS, Library

OLD = EmbeddingSpace(MODEL, DIMENSIONS)
NEW = EmbeddingSpace(FLOAT32_MODEL, DIMENSIONS)


def changing_settings(**changes: Any) -> EmbeddingSettings:
    """Of a deployment that has both local models."""
    given = {
        "embedding_model_dir": ensure_model_files(),
        "embedding_next_provider": EmbeddingProvider.LOCAL,
        "embedding_next_model": FLOAT32_MODEL,
        "embedding_next_dimensions": DIMENSIONS,
        "embedding_next_model_dir": ensure_model_files(model=FLOAT32_MODEL),
    }
    return EmbeddingSettings(**{**given, **changes})


class ChangingLibrary(Library):
    """A library whose deployment has two models."""

    def __init__(self, database: Database, embedder: Embedder, name: str = "library") -> None:
        super().__init__(database, embedder, name)

    async def start(self, space: EmbeddingSpace = NEW, *, rate: float | None = None) -> FoundChange:
        return await start_change(
            self.database, self.queue, ADMIN, self.name, space, spaces_of(self.embedder), rate=rate
        )

    async def backfill(
        self,
        embedder: Embedder | None = None,
        *,
        seconds: float = LONG_ENOUGH_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
    ) -> int:
        """Chunks that were given a vector."""
        run = BackfillRun(
            self.database,
            embedder or self.embedder,
            WORKER,
            self.worker(embedder),
            deadline=time.monotonic() + seconds,
            lease_seconds=lease_seconds,
        )
        await run.backfill_due()
        return run.chunks

    async def status(self) -> FoundChange:
        return await get_embedding(self.database, ADMIN, self.name)

    async def switch(self, *, to_new: bool = True) -> FoundChange:
        return await switch_space(self.database, NullCache(), ADMIN, self.name, to_new=to_new)

    async def clean(self, *, seconds: float = 10.0) -> FoundChange:
        return await clean_up_change(self.database, ADMIN, self.name, seconds=seconds)
