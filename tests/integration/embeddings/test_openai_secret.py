"""The key of an OpenAI-compatible endpoint, kept in Secrets Manager."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from shared.config import EmbeddingProvider, EmbeddingSettings
from shared.embeddings.openai import TEXTS_PER_REQUEST
from shared.embeddings.protocol import Embedder
from shared.embeddings.provider import open_embedder
from shared.errors import EmbedderUnavailable
from tests.builders.secrets_manager import SecretsManager, running_secrets_manager
from tests.integration.embeddings.endpoint import EmbeddingEndpoint, Scripted, number_of

REFUSED = Scripted(b"no such key", status=401)


def answer(request: dict[str, Any]) -> dict[str, object]:
    return {"data": [{"index": i, "embedding": number_of(text)} for i, text in enumerate(request["input"])]}


@pytest.fixture
def manager() -> Iterator[SecretsManager]:
    with running_secrets_manager() as running:
        yield running


@pytest.fixture
def arn(manager: SecretsManager) -> str:
    return manager.add("sk-first\n")


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint(answer) as running:
        yield running


@pytest.fixture
async def embedder(
    arn: str, endpoint: EmbeddingEndpoint, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Embedder]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    opened = open_embedder(
        EmbeddingSettings(
            embedding_provider=EmbeddingProvider.OPENAI,
            embedding_model="m",
            embedding_dimensions=2,
            openai_base_url=endpoint.url,
            openai_secret_arn=arn,
        )
    )
    yield opened
    await opened.aclose()


def keys_sent(endpoint: EmbeddingEndpoint) -> list[str]:
    return [request.headers["Authorization"].removeprefix("Bearer ") for request in endpoint.received]


async def test_the_secret_is_read_at_the_first_text_and_remembered(
    embedder: Embedder, endpoint: EmbeddingEndpoint, manager: SecretsManager, arn: str
) -> None:
    manager.change(arn, "sk-second")
    await embedder.embed(["a"])
    manager.change(arn, "sk-third")
    await embedder.embed(["b"])
    assert keys_sent(endpoint) == ["sk-second", "sk-second"]


async def test_a_key_that_is_refused_is_read_anew(
    embedder: Embedder, endpoint: EmbeddingEndpoint, manager: SecretsManager, arn: str
) -> None:
    await embedder.embed(["a"])
    manager.change(arn, "sk-second")
    endpoint.first = [REFUSED]
    assert len(await embedder.embed(["b"])) == 1
    assert keys_sent(endpoint) == ["sk-first", "sk-first", "sk-second"]


async def test_requests_that_are_refused_together_all_go_on_with_the_new_key(
    embedder: Embedder, endpoint: EmbeddingEndpoint, manager: SecretsManager, arn: str
) -> None:
    await embedder.embed(["a"])
    manager.change(arn, "sk-second")
    endpoint.first = [REFUSED] * 3
    assert len(await embedder.embed(["x"] * TEXTS_PER_REQUEST * 3)) == TEXTS_PER_REQUEST * 3
    assert sorted(keys_sent(endpoint)[1:]) == ["sk-first"] * 3 + ["sk-second"] * 3


@pytest.mark.parametrize("is_rotated", [False, True])
async def test_a_key_that_stays_refused_is_no_fault_of_the_texts(
    embedder: Embedder, endpoint: EmbeddingEndpoint, manager: SecretsManager, arn: str, is_rotated: bool
) -> None:
    await embedder.embed(["a"])
    endpoint.usual = REFUSED
    if is_rotated:
        manager.change(arn, "sk-second")
    with pytest.raises(EmbedderUnavailable, match=r"401: check .* or OPENAI_SECRET_ARN") as refused:
        await embedder.embed(["b"])
    assert "sk-" not in str(refused.value)
    assert keys_sent(endpoint)[1:] == ["sk-first", *(["sk-second"] if is_rotated else [])]


async def test_a_secret_that_cannot_be_read_is_no_fault_of_the_texts(
    embedder: Embedder, endpoint: EmbeddingEndpoint, manager: SecretsManager, arn: str
) -> None:
    manager.remove(arn)
    with pytest.raises(EmbedderUnavailable, match=r"OPENAI_SECRET_ARN: .*ResourceNotFoundException"):
        await embedder.embed(["a"])
    assert endpoint.received == []


async def test_an_outage_of_secrets_manager_is_one_of_the_embedder(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(EmbedderUnavailable, match="key of the embedding provider"):
        await asyncio.wait_for(embedder.embed(["a"]), 5)
