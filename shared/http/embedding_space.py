"""The configured embedding space, for routes that name it without embedding."""

from typing import Annotated

from fastapi import Depends, Request

from shared.config import EmbeddingSettings
from shared.domain.embedding_spaces import EmbeddingSpace


def configured_space(settings: EmbeddingSettings) -> EmbeddingSpace:
    return EmbeddingSpace(settings.embedding_model, settings.embedding_dimensions)


async def _embedding_space(request: Request) -> EmbeddingSpace:
    space: EmbeddingSpace = request.app.state.embedding_space
    return space


ConfiguredSpace = Annotated[EmbeddingSpace, Depends(_embedding_space)]
