"""Opens the embedder that the settings name, importing no other."""

from shared.config import ConfigurationError, EmbeddingSettings
from shared.embeddings.protocol import Embedder

# ruff: noqa: PLC0415 - a function that embeds in one way must not load what the others need.


def open_embedder(settings: EmbeddingSettings) -> Embedder:
    """The configured embedder. Nothing is loaded or connected to before the first text.

    Raises ConfigurationError when the provider has no such model.
    """
    from shared.embeddings.local import DIMENSIONS, MODEL, LocalEmbedder

    if settings.embedding_model != MODEL:
        raise ConfigurationError(
            f"EMBEDDING_MODEL: the local provider has one model. Set it to: {MODEL}"
        )
    if settings.embedding_dimensions != DIMENSIONS:
        raise ConfigurationError(
            f"EMBEDDING_DIMENSIONS: {MODEL} has vectors of {DIMENSIONS}. Set it to: {DIMENSIONS}"
        )
    return LocalEmbedder(settings.embedding_model_dir)
