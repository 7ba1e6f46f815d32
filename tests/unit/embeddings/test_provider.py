import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.config import ConfigurationError, EmbeddingProvider, EmbeddingSettings
from shared.embeddings.bedrock import BedrockEmbedder
from shared.embeddings.local import LocalEmbedder
from shared.embeddings.openai import OpenAIEmbedder
from shared.embeddings.provider import open_embedder

OPEN = """
import sys
from shared.config import EmbeddingSettings, load_settings
from shared.embeddings.provider import open_embedder
open_embedder(load_settings(EmbeddingSettings))
print(*sorted({"boto3", "httpx", "numpy", "onnx", "onnxruntime", "safetensors"} & set(sys.modules)))
"""


def imported(environment: dict[str, str]) -> list[str]:
    answer = subprocess.run(
        [sys.executable, "-c", OPEN], env=environment, capture_output=True, text=True, check=True
    )
    return answer.stdout.split()


def test_the_local_model_is_the_default(model_directory: Path) -> None:
    embedder = open_embedder(EmbeddingSettings(embedding_model_dir=model_directory))

    assert isinstance(embedder, LocalEmbedder)
    assert (embedder.model, embedder.dimensions) == ("all-MiniLM-L6-v2", 384)


def test_bedrock() -> None:
    settings = EmbeddingSettings(
        embedding_provider=EmbeddingProvider.BEDROCK,
        embedding_model="cohere.embed-english-v3",
        embedding_dimensions=1024,
    )

    embedder = open_embedder(settings)

    assert isinstance(embedder, BedrockEmbedder)
    assert (embedder.model, embedder.dimensions) == ("cohere.embed-english-v3", 1024)


def test_openai() -> None:
    settings = EmbeddingSettings(
        embedding_provider=EmbeddingProvider.OPENAI,
        embedding_model="text-embedding-3-small",
        embedding_dimensions=512,
        openai_api_key=SecretStr("key"),
    )

    embedder = open_embedder(settings)

    assert isinstance(embedder, OpenAIEmbedder)
    assert (embedder.model, embedder.dimensions) == ("text-embedding-3-small", 512)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (EmbeddingSettings(embedding_model="text-embedding-3-small"), "EMBEDDING_MODEL"),
        (EmbeddingSettings(embedding_dimensions=1536), "EMBEDDING_DIMENSIONS"),
        (EmbeddingSettings(embedding_model_dir=Path("/nowhere")), "EMBEDDING_MODEL_DIR"),
    ],
)
def test_what_the_local_model_is_not_is_named(settings: EmbeddingSettings, variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{variable}: "):
        open_embedder(settings)


def test_without_a_built_model() -> None:
    with pytest.raises(ConfigurationError, match=r"^EMBEDDING_MODEL_DIR: "):
        open_embedder(EmbeddingSettings())


async def test_a_built_model_is_used_where_it_lies(model_directory: Path) -> None:
    embedder = open_embedder(EmbeddingSettings(embedding_model_dir=model_directory))

    assert len((await embedder.embed(["a cat"]))[0]) == 384


def test_only_the_chosen_provider_is_imported(model_directory: Path) -> None:
    openai = {"EMBEDDING_PROVIDER": "openai", "OPENAI_API_KEY": "key"}
    bedrock = {
        "EMBEDDING_PROVIDER": "bedrock",
        "EMBEDDING_MODEL": "amazon.titan-embed-text-v2:0",
        "EMBEDDING_DIMENSIONS": "1024",
    }

    # The local model's libraries are loaded by the first text.
    assert imported({"EMBEDDING_MODEL_DIR": str(model_directory)}) == []
    assert imported(openai) == ["httpx"]
    assert "boto3" in imported(bedrock)
    assert not {"httpx", "numpy", "onnxruntime"} & set(imported(bedrock))
