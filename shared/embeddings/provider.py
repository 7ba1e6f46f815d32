"""Opens the embedder that the settings name, importing no other."""

# ruff: noqa: PLC0415 - a function that embeds in one way must not load what the others need.

from pathlib import Path
from typing import NamedTuple

from shared.aws.snapshots import before_snapshot
from shared.config import ConfigurationError, EmbeddingProvider, EmbeddingSettings
from shared.embeddings.protocol import Embedder


class _Named(NamedTuple):
    """A model as variables with one prefix name it."""

    prefix: str
    provider: EmbeddingProvider
    model: str
    dimensions: int
    folder: Path | None


def open_embedder(settings: EmbeddingSettings) -> Embedder:
    """The configured embedder; with EMBEDDING_NEXT_MODEL a ChangingEmbedder of both.

    Nothing is loaded and nobody is called before the first text. Raises ConfigurationError, naming the
    variable, when the provider has no such model.
    """
    present = _open(
        _Named(
            "EMBEDDING_",
            settings.embedding_provider,
            settings.embedding_model,
            settings.embedding_dimensions,
            settings.embedding_model_dir,
        ),
        settings,
    )
    model, dimensions = settings.embedding_next_model, settings.embedding_next_dimensions
    if settings.embedding_next_provider is None or model is None or dimensions is None:
        return present
    from shared.embeddings.model_change import ChangingEmbedder

    folder = settings.embedding_next_model_dir
    coming = _Named("EMBEDDING_NEXT_", settings.embedding_next_provider, model, dimensions, folder)
    if (model, dimensions) == (settings.embedding_model, settings.embedding_dimensions):
        raise ConfigurationError("EMBEDDING_NEXT_MODEL: it is EMBEDDING_MODEL; leave it unset.")
    return ChangingEmbedder(present, _open(coming, settings))


def _open(named: _Named, settings: EmbeddingSettings) -> Embedder:
    if named.provider is EmbeddingProvider.LOCAL:
        return _open_local(named)
    if named.provider is EmbeddingProvider.BEDROCK:
        from shared.embeddings.bedrock import BedrockEmbedder

        return BedrockEmbedder(model=named.model, dimensions=named.dimensions)
    from shared.embeddings.openai import OpenAIEmbedder

    return OpenAIEmbedder(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key,
        secret_arn=settings.openai_secret_arn,
        model=named.model,
        dimensions=named.dimensions,
    )


def _open_local(named: _Named) -> Embedder:
    from shared.embeddings.local import DIMENSIONS, LocalEmbedder
    from shared.embeddings.local_model_files import MODEL_FILES, MODELS, has_all_files

    if named.model not in MODELS:
        raise ConfigurationError(f"{named.prefix}MODEL: the local provider has {' and '.join(MODELS)}.")
    if named.dimensions != DIMENSIONS:
        raise ConfigurationError(f"{named.prefix}DIMENSIONS: {named.model} has vectors of {DIMENSIONS}.")
    if named.folder is None or not has_all_files(named.folder):
        raise ConfigurationError(
            f"{named.prefix}MODEL_DIR: set it to a folder with {', '.join(MODEL_FILES)}, as Concord builds "
            "it on a laptop with the dependency group `local`, and for a layer."
        )
    embedder = LocalEmbedder(named.folder, model=named.model)
    before_snapshot(embedder.warm_up)
    return embedder
