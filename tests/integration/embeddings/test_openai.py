import asyncio
import email.utils
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from shared.database.boundaries import unit_of_work_is_open
from shared.embeddings import openai
from shared.embeddings.openai import OpenAIEmbedder
from shared.embeddings.protocol import Purpose, Vector
from shared.errors import EmbedderRejected, EmbedderUnavailable, NetworkCallInUnitOfWork
from tests.integration.embeddings.endpoint import (
    EmbeddingEndpoint,
    Scripted,
    number_of,
    packed,
)

KEY = "sk-very-secret"
TEXT = "a confidential text"


def answer(request: dict[str, Any]) -> dict[str, object]:
    """As OpenAI answers, in base64 and, as it is free to do, not in order."""
    data = [
        {"object": "embedding", "index": index, "embedding": packed(number_of(text))}
        for index, text in enumerate(request["input"])
    ]
    return {"object": "list", "data": data[::-1], "model": request["model"]}


def answer_in_numbers(request: dict[str, Any]) -> dict[str, object]:
    return {"data": [{"index": i, "embedding": number_of(text)} for i, text in enumerate(request["input"])]}


def expected(text: str) -> Vector:
    x, y = number_of(text)
    return [x / math.hypot(x, y), y / math.hypot(x, y)]


@pytest.fixture
def endpoint() -> Iterator[EmbeddingEndpoint]:
    with EmbeddingEndpoint(answer) as endpoint:
        yield endpoint


@pytest.fixture
async def embedder(endpoint: EmbeddingEndpoint) -> AsyncIterator[OpenAIEmbedder]:
    embedder = OpenAIEmbedder(
        base_url=f"{endpoint.url}/v1/",
        api_key=SecretStr(KEY),
        model="text-embedding-3-small",
        dimensions=2,
        answer_seconds=0.5,
    )
    yield embedder
    await embedder.aclose()


async def test_asks_as_the_api_describes(embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint) -> None:
    (vector,) = await embedder.embed([TEXT])

    (request,) = endpoint.received
    assert vector == pytest.approx(expected(TEXT))
    assert request.path == "/v1/embeddings"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "text-embedding-3-small",
        "input": [TEXT],
        "encoding_format": "base64",
        "dimensions": 2,
    }


async def test_other_models_are_not_asked_for_dimensions(endpoint: EmbeddingEndpoint) -> None:
    embedder = OpenAIEmbedder(
        base_url=endpoint.url, api_key=SecretStr(KEY), model="nomic-embed-text", dimensions=2
    )

    await embedder.embed([TEXT])
    await embedder.aclose()

    assert (embedder.model, embedder.dimensions) == ("nomic-embed-text", 2)
    assert "dimensions" not in endpoint.received[0].body


async def test_vectors_may_come_as_lists_of_numbers(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.usual = Scripted(answer_in_numbers)

    assert await embedder.embed(["a", "bb"]) == [pytest.approx(expected("a")), pytest.approx(expected("bb"))]


async def test_many_texts_go_in_several_requests_some_at_a_time_and_come_back_in_order(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.usual = Scripted(answer, delay=0.05)
    texts = ["x" * (number % 700) for number in range(2_000)]

    vectors = await embedder.embed(texts)

    assert vectors == [pytest.approx(expected(text or " ")) for text in texts]
    assert max(len(request.body["input"]) for request in endpoint.received) == openai.TEXTS_PER_REQUEST
    assert 1 < endpoint.most_at_once <= openai.REQUESTS_AT_ONCE


async def test_long_texts_go_in_requests_of_bounded_size(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    await embedder.embed(["word " * 10_000] * 60)

    sizes = [sum(map(len, request.body["input"])) for request in endpoint.received]
    assert sum(sizes) == 60 * openai.LONGEST_TEXT_BYTES
    assert max(sizes) <= openai.CHARACTERS_PER_REQUEST


async def test_no_texts_need_no_request(embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint) -> None:
    assert await embedder.embed([]) == []
    assert endpoint.received == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_waits_as_asked_and_tries_again(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint, status: int
) -> None:
    endpoint.first = [Scripted(status=status, headers={"Retry-After": "0.3"})]
    started = time.monotonic()

    await embedder.embed([TEXT])

    assert time.monotonic() - started >= 0.3
    assert len(endpoint.received) == 2


async def test_retry_after_may_be_a_date(embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint) -> None:
    date = email.utils.formatdate(time.time() + 60, usegmt=True)
    endpoint.first = [Scripted(status=429, headers={"Retry-After": date})]
    started = time.monotonic()

    # A minute is more than a query waits.
    with pytest.raises(EmbedderUnavailable, match="429"):
        await embedder.embed([TEXT], purpose=Purpose.QUERY)

    assert time.monotonic() - started < 2
    assert len(endpoint.received) == 1


@pytest.mark.parametrize("headers", [{"Retry-After": "soon"}, {}])
async def test_backs_off_when_no_time_is_given(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint, headers: dict[str, str]
) -> None:
    endpoint.first = [Scripted(status=503, headers=headers)]

    assert await embedder.embed([TEXT]) == [pytest.approx(expected(TEXT))]


async def test_gives_up_on_an_endpoint_that_stays_busy(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.usual = Scripted(status=429, headers={"Retry-After": "0"}, body=TEXT.encode())

    with pytest.raises(EmbedderUnavailable, match="429") as failed:
        await embedder.embed([TEXT])

    assert len(endpoint.received) == 6
    assert_discreet(failed.value)


async def test_tries_again_after_a_timeout(embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint) -> None:
    endpoint.first = [Scripted(answer, delay=0.8)]

    assert await embedder.embed([TEXT]) == [pytest.approx(expected(TEXT))]
    assert len(endpoint.received) >= 2


async def test_a_query_does_not_wait_for_an_endpoint_that_hangs(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.usual = Scripted(answer, delay=0.8)
    started = time.monotonic()

    with pytest.raises(EmbedderUnavailable, match=r"ReadTimeout|3 seconds"):
        await embedder.embed([TEXT], purpose=Purpose.QUERY)

    assert time.monotonic() - started < 3.5


async def test_nobody_listening(unused_tcp_port: int) -> None:
    embedder = OpenAIEmbedder(
        base_url=f"http://127.0.0.1:{unused_tcp_port}", api_key=SecretStr(KEY), model="m", dimensions=2
    )

    with pytest.raises(EmbedderUnavailable, match=r"ConnectError|3 seconds") as failed:
        await embedder.embed([TEXT], purpose=Purpose.QUERY)

    await embedder.aclose()
    assert_discreet(failed.value)


@pytest.mark.parametrize("status", [400, 413, 422, 302])
async def test_a_refusal_is_not_repeated(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint, status: int
) -> None:
    endpoint.usual = Scripted(status=status, body=f"{KEY} may not embed {TEXT}".encode())

    with pytest.raises(EmbedderRejected, match=str(status)) as refused:
        await embedder.embed([TEXT])

    assert len(endpoint.received) == 1
    assert_discreet(refused.value)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_key_or_address_is_not_the_fault_of_the_texts(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint, status: int
) -> None:
    endpoint.usual = Scripted(status=status, body=f"no such key: {KEY}".encode())

    with pytest.raises(EmbedderUnavailable, match=rf"{status}: check .*OPENAI_API_KEY") as refused:
        await embedder.embed([TEXT])

    assert len(endpoint.received) == 1
    assert_discreet(refused.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "something else"),
        (b"\xff", "something else"),
        (b"[]", "something else"),
        (b'{"data": null}', "something else"),
        (b'{"data": [{"embedding": [1, 2]}]}', "something else"),
        (b'{"data": [{"index": null, "embedding": [1, 2]}]}', "one vector for each text"),
        (b'{"data": [{"index": 1, "embedding": [1, 2]}]}', "one vector for each text"),
        (b'{"data": []}', "one vector for each text"),
        (b'{"data": [{"index": 0, "embedding": [1, 2, 3]}]}', "EMBEDDING_DIMENSIONS is 2"),
        (b'{"data": [{"index": 0, "embedding": [0, 0]}]}', "no direction"),
    ],
)
async def test_answers_that_are_not_vectors_are_rejected(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint, body: bytes, message: str
) -> None:
    endpoint.usual = Scripted(body)

    with pytest.raises(EmbedderRejected, match=message):
        await embedder.embed([TEXT])

    assert len(endpoint.received) == 1


async def test_a_failed_request_ends_the_others(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    endpoint.first = [Scripted(status=400)]
    endpoint.usual = Scripted(answer, delay=1.5)
    started = time.monotonic()

    with pytest.raises(EmbedderRejected):
        await embedder.embed(["x"] * openai.TEXTS_PER_REQUEST * 3)

    assert time.monotonic() - started < 1.2


async def test_refuses_to_call_in_a_unit_of_work(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    token = unit_of_work_is_open.set(True)
    try:
        with pytest.raises(NetworkCallInUnitOfWork):
            await embedder.embed([TEXT])
    finally:
        unit_of_work_is_open.reset(token)
    assert endpoint.received == []


async def test_a_closed_embedder_connects_again(
    embedder: OpenAIEmbedder, endpoint: EmbeddingEndpoint
) -> None:
    await asyncio.gather(embedder.embed(["a"]), embedder.embed(["b"]))
    await embedder.aclose()
    await embedder.aclose()

    await embedder.embed([TEXT])

    assert len(endpoint.received) == 3


def assert_discreet(error: Exception) -> None:
    """Neither the message nor an error behind it repeats the key or the text."""
    assert error.__suppress_context__ or error.__context__ is None
    assert KEY not in str(error)
    assert TEXT not in str(error)
