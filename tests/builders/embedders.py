"""The real embedder, watched, held up or out of order."""

import asyncio
from collections.abc import Callable, Sequence

from shared.embeddings.protocol import Embedder, Purpose, Vector
from shared.errors import ConcordError


class RecordingEmbedder:
    """An embedder that keeps the texts it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.texts: list[str] = []
        self.calls = 0

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    @property
    def is_local(self) -> bool:
        return self._embedder.is_local

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        self.texts.extend(texts)
        self.calls += 1
        return await self._embedder.embed(texts, purpose=purpose)

    async def aclose(self) -> None:
        """The embedder belongs to the test."""


class HeldEmbedder(RecordingEmbedder):
    """An embedder whose vectors come when the test says so: wait for `asked`, then set `may_answer`."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        vectors = await super().embed(texts, purpose=purpose)
        self.asked.set()
        await self.may_answer.wait()
        return vectors


class FailingEmbedder(RecordingEmbedder):
    """An embedder that raises what `failure` returns for the texts, if anything."""

    def __init__(self, embedder: Embedder, failure: Callable[[Sequence[str]], ConcordError | None]) -> None:
        super().__init__(embedder)
        self._failure = failure

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        error = self._failure(texts)
        if error is not None:
            raise error
        return await super().embed(texts, purpose=purpose)
