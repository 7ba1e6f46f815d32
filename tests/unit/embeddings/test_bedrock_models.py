import pytest

from shared.config import ConfigurationError
from shared.embeddings.bedrock_models import COHERE_V3, TITAN_V2, BedrockModel, model_named


@pytest.mark.parametrize(
    ("name", "dimensions", "model"),
    [
        ("amazon.titan-embed-text-v2:0", 1024, TITAN_V2),
        ("amazon.titan-embed-text-v2:0", 256, TITAN_V2),
        ("cohere.embed-english-v3", 1024, COHERE_V3),
        ("eu.cohere.embed-multilingual-v3", 1024, COHERE_V3),
        ("arn:aws:bedrock:eu-west-1::foundation-model/cohere.embed-english-v3", 1024, COHERE_V3),
    ],
)
def test_models_are_known_by_their_names(name: str, dimensions: int, model: BedrockModel) -> None:
    assert model_named(name, dimensions) is model


@pytest.mark.parametrize(
    ("name", "dimensions", "message"),
    [
        ("amazon.titan-embed-text-v1", 1536, "EMBEDDING_MODEL.*titan-embed-text-v2.*cohere"),
        ("all-MiniLM-L6-v2", 384, "EMBEDDING_MODEL"),
        ("amazon.titan-embed-text-v2:0", 384, "EMBEDDING_DIMENSIONS.*1024, 512, 256"),
        ("cohere.embed-english-v3", 384, "EMBEDDING_DIMENSIONS.*1024"),
    ],
)
def test_other_models_and_dimensions_name_the_variable(name: str, dimensions: int, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        model_named(name, dimensions)
