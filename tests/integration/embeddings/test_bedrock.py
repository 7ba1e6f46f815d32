import urllib.parse
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from shared.embeddings import bedrock
from shared.embeddings.bedrock import BedrockEmbedder
from shared.embeddings.bedrock_models import COHERE_TEXTS_PER_REQUEST
from shared.embeddings.protocol import Purpose
from shared.errors import EmbedderUnavailable
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, Scripted

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-english-v3"
JSON = {"Content-Type": "application/json"}


def axis(place: int, dimensions: int) -> list[float]:
    return [1.0 if number == place else 0.0 for number in range(dimensions)]


def answer(request: dict[str, Any]) -> dict[str, object]:
    """As Titan or Cohere answers; a text's vector is the axis of its length."""
    if "texts" in request:
        return {"embeddings": [axis(len(text), 1024) for text in request["texts"]]}
    return {"embedding": axis(len(request["inputText"]), request["dimensions"])}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingEndpoint]:
    """Stands where boto3 looks for Bedrock."""
    with EmbeddingEndpoint(answer) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield endpoint


@pytest.fixture
async def titan(endpoint: EmbeddingEndpoint) -> AsyncIterator[BedrockEmbedder]:
    endpoint.usual = Scripted(answer, headers=JSON)
    embedder = BedrockEmbedder(model=TITAN, dimensions=256)
    yield embedder
    await embedder.aclose()


async def test_titan_embeds_some_texts_at_a_time_and_in_order(
    titan: BedrockEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.usual = Scripted(answer, headers=JSON, delay=0.05)

    vectors = await titan.embed(["x" * length for length in range(1, 41)])

    assert [vector.index(1.0) for vector in vectors] == list(range(1, 41))
    assert 1 < endpoint.most_at_once <= bedrock.REQUESTS_AT_ONCE
    assert urllib.parse.unquote(endpoint.received[0].path) == f"/model/{TITAN}/invoke"


async def test_cohere_embeds_96_texts_a_request(endpoint: EmbeddingEndpoint) -> None:
    endpoint.usual = Scripted(answer, headers=JSON)
    embedder = BedrockEmbedder(model=COHERE, dimensions=1024)

    vectors = await embedder.embed(["x" * (length % 1000) for length in range(1, 200)])
    await embedder.aclose()

    assert [vector.index(1.0) for vector in vectors] == list(range(1, 200))
    sizes = sorted(len(request.body["texts"]) for request in endpoint.received)
    assert sizes == [199 - 2 * COHERE_TEXTS_PER_REQUEST, COHERE_TEXTS_PER_REQUEST, COHERE_TEXTS_PER_REQUEST]


async def test_a_throttled_request_is_repeated(titan: BedrockEmbedder, endpoint: EmbeddingEndpoint) -> None:
    throttled = {**JSON, "x-amzn-ErrorType": "ThrottlingException"}
    endpoint.first = [Scripted(b'{"message": "slow down"}', status=429, headers=throttled)]

    vectors = await titan.embed(["xx"])

    assert vectors[0].index(1.0) == 2
    assert len(endpoint.received) == 2


async def test_an_answer_that_breaks_off_is_asked_for_again(
    titan: BedrockEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.first = [Scripted(b'{"embedding": [', headers={**JSON, "Content-Length": "999"})]

    vectors = await titan.embed(["xx"])

    assert vectors[0].index(1.0) == 2
    assert len(endpoint.received) == 2


async def test_nobody_listening(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    embedder = BedrockEmbedder(model=TITAN, dimensions=256)

    with pytest.raises(EmbedderUnavailable, match=r"EndpointConnectionError|3 seconds"):
        await embedder.embed(["xx"], purpose=Purpose.QUERY)

    await embedder.aclose()
