"""The deployment's model and the one that it is changing to, side by side."""

from collections.abc import Sequence

from shared.domain.embedding_spaces import EmbeddingSpace
from shared.embeddings.protocol import Embedder, Purpose, Vector


class ChangingEmbedder:
    """The first embedder to all who ask for one alone, and the second to those who ask for its model."""

    def __init__(self, present: Embedder, coming: Embedder) -> None:
        self.present = present
        self.coming = coming

    @property
    def model(self) -> str:
        return self.present.model

    @property
    def dimensions(self) -> int:
        return self.present.dimensions

    @property
    def is_local(self) -> bool:
        return self.present.is_local

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        """Of the first. Raises EmbedderUnavailable, EmbedderRejected."""
        return await self.present.embed(texts, purpose=purpose)

    async def aclose(self) -> None:
        await self.present.aclose()
        await self.coming.aclose()


def embedders_of(embedder: Embedder) -> list[Embedder]:
    """Each of them, for one model alone."""
    return [embedder.present, embedder.coming] if isinstance(embedder, ChangingEmbedder) else [embedder]


def embedder_for(embedder: Embedder, model: str, dimensions: int) -> Embedder | None:
    """The one that makes vectors of that space, if there is one."""
    wanted = (model, dimensions)
    return next((one for one in embedders_of(embedder) if (one.model, one.dimensions) == wanted), None)


def spaces_of(embedder: Embedder) -> list[EmbeddingSpace]:
    return [EmbeddingSpace(one.model, one.dimensions) for one in embedders_of(embedder)]
