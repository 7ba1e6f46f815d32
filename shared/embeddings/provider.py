"""Opens the embedder that the settings name, importing no other."""

# ruff: noqa: PLC0415 - a function that embeds in one way must not load what the others need.

from shared.aws.snapshots import before_snapshot
from shared.config import ConfigurationError, EmbeddingProvider, EmbeddingSettings
from shared.embeddings.protocol import Embedder


def open_embedder(settings: EmbeddingSettings) -> Embedder:
    """The configured embedder. Nothing is loaded and nobody is called before the first text.

    Raises ConfigurationError, naming the variable, when the provider has no such model.
    """
    if settings.embedding_provider is EmbeddingProvider.LOCAL:
        return _open_local(settings)
    if settings.embedding_provider is EmbeddingProvider.BEDROCK:
        from shared.embeddings.bedrock import BedrockEmbedder

        return BedrockEmbedder(model=settings.embedding_model, dimensions=settings.embedding_dimensions)
    return _open_openai(settings)


def _open_local(settings: EmbeddingSettings) -> Embedder:
    from shared.embeddings.local import DIMENSIONS, MODEL, LocalEmbedder
    from shared.embeddings.local_model_files import MODEL_FILES, has_all_files

    if settings.embedding_model != MODEL:
        raise ConfigurationError(f"EMBEDDING_MODEL: the local provider has one model, {MODEL}.")
    if settings.embedding_dimensions != DIMENSIONS:
        raise ConfigurationError(f"EMBEDDING_DIMENSIONS: {MODEL} has vectors of {DIMENSIONS}.")
    if settings.embedding_model_dir is None or not has_all_files(settings.embedding_model_dir):
        raise ConfigurationError(
            f"EMBEDDING_MODEL_DIR: set it to a folder with {', '.join(MODEL_FILES)}, as Concord builds it "
            "on a laptop with the dependency group `local`, and for a layer."
        )
    embedder = LocalEmbedder(settings.embedding_model_dir)
    before_snapshot(embedder.warm_up)
    return embedder


def _open_openai(settings: EmbeddingSettings) -> Embedder:
    from shared.embeddings.openai import OpenAIEmbedder

    return OpenAIEmbedder(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        secret_arn=settings.openai_secret_arn,
        model=settings.embedding_model,
        dimensions=settings.embedding_dimensions,
    )
