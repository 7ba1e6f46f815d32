"""The configured embedding space, for routes that name it without embedding."""

from typing import Annotated

from fastapi import Depends, Request

from shared.config import EmbeddingSettings
from shared.domain.embedding_spaces import EmbeddingSpace


def configured_space(settings: EmbeddingSettings) -> EmbeddingSpace:
    return EmbeddingSpace(settings.embedding_model, settings.embedding_dimensions)


def configured_spaces(settings: EmbeddingSettings) -> tuple[EmbeddingSpace, ...]:
    """That of the deployment's model, and that of the one that it changes to."""
    model, dimensions = settings.embedding_next_model, settings.embedding_next_dimensions
    coming = () if model is None or dimensions is None else (EmbeddingSpace(model, dimensions),)
    return (configured_space(settings), *coming)


async def _embedding_spaces(request: Request) -> tuple[EmbeddingSpace, ...]:
    spaces: tuple[EmbeddingSpace, ...] = request.app.state.embedding_spaces
    return spaces


async def _embedding_space(request: Request) -> EmbeddingSpace:
    space: EmbeddingSpace = request.app.state.embedding_space
    return space


ConfiguredSpace = Annotated[EmbeddingSpace, Depends(_embedding_space)]
ConfiguredSpaces = Annotated[tuple[EmbeddingSpace, ...], Depends(_embedding_spaces)]
