"""How the embedding models on Amazon Bedrock are asked, and where their answers have the vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.config import ConfigurationError
from shared.embeddings.protocol import Purpose
from shared.embeddings.remote_texts import cut_to_bytes

# Titan reads 8,192 tokens of a text.
TITAN_LONGEST_TEXT_BYTES = 8_000
COHERE_LONGEST_TEXT_CHARACTERS = 2_048
COHERE_TEXTS_PER_REQUEST = 96
COHERE_INPUT_TYPES = {Purpose.DOCUMENT: "search_document", Purpose.QUERY: "search_query"}


@dataclass(frozen=True, slots=True)
class BedrockModel:
    """`request` makes the body for some texts; `vectors` takes the list of vectors from the answer."""

    names: tuple[str, ...]
    dimensions: tuple[int, ...]
    texts_per_request: int
    cut: Callable[[str], str]
    request: Callable[[list[str], int, Purpose], dict[str, object]]
    vectors: Callable[[Any], object]


def model_named(name: str, dimensions: int) -> BedrockModel:
    """The model, also when `name` is an ARN or an inference profile such as `eu.cohere.embed-…`.

    Raises ConfigurationError when Concord does not know it or it has no such dimensions.
    """
    for model in (TITAN_V2, COHERE_V3):
        if any(part in name for part in model.names):
            if dimensions not in model.dimensions:
                known = ", ".join(map(str, model.dimensions))
                raise ConfigurationError(f"EMBEDDING_DIMENSIONS: {name} has vectors of {known}.")
            return model
    known = ", ".join((*TITAN_V2.names, *COHERE_V3.names))
    raise ConfigurationError(f"EMBEDDING_MODEL: with EMBEDDING_PROVIDER=bedrock set it to one of: {known}")


def _titan_request(texts: list[str], dimensions: int, _purpose: Purpose) -> dict[str, object]:
    return {"inputText": texts[0], "dimensions": dimensions, "normalize": True}


def _cohere_request(texts: list[str], _dimensions: int, purpose: Purpose) -> dict[str, object]:
    return {"texts": texts, "input_type": COHERE_INPUT_TYPES[purpose], "truncate": "END"}


TITAN_V2 = BedrockModel(
    names=("amazon.titan-embed-text-v2:0",),
    dimensions=(1024, 512, 256),
    texts_per_request=1,
    cut=lambda text: cut_to_bytes(text, TITAN_LONGEST_TEXT_BYTES),
    request=_titan_request,
    vectors=lambda answer: [answer["embedding"]],
)
COHERE_V3 = BedrockModel(
    names=("cohere.embed-english-v3", "cohere.embed-multilingual-v3"),
    dimensions=(1024,),
    texts_per_request=COHERE_TEXTS_PER_REQUEST,
    # A character has one byte at least and four at most: the bytes are checked for lone surrogates.
    cut=lambda text: cut_to_bytes(text[:COHERE_LONGEST_TEXT_CHARACTERS], COHERE_LONGEST_TEXT_CHARACTERS * 4),
    request=_cohere_request,
    vectors=lambda answer: answer["embeddings"],
)
