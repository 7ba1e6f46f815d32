import io
import json
from collections.abc import Iterator, Mapping

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

from shared.database.boundaries import unit_of_work_is_open
from shared.embeddings import remote_calls
from shared.embeddings.bedrock import BedrockEmbedder
from shared.embeddings.protocol import Purpose
from shared.errors import EmbedderRejected, EmbedderUnavailable, NetworkCallInUnitOfWork

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-multilingual-v3"


@pytest.fixture
def client() -> Iterator[BedrockRuntimeClient]:
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    yield client
    client.close()


@pytest.fixture
def stub(client: BedrockRuntimeClient) -> Iterator[Stubber]:
    with Stubber(client) as stub:
        yield stub


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_calls, "_backoff", lambda _state: 0.0)


def expect(stub: Stubber, model: str, request: Mapping[str, object], answer: object) -> None:
    body = json.dumps(answer).encode()
    stub.add_response(
        "invoke_model",
        {"body": StreamingBody(io.BytesIO(body), len(body)), "contentType": "application/json"},
        {
            "modelId": model,
            "body": json.dumps(request),
            "contentType": "application/json",
            "accept": "application/json",
        },
    )


def titan_request(text: str) -> dict[str, object]:
    return {"inputText": text, "dimensions": 256, "normalize": True}


def axis(number: int, dimensions: int) -> list[float]:
    return [2.0 if place == number else 0.0 for place in range(dimensions)]


async def test_titan_is_asked_for_a_text_and_answers_with_a_vector(
    client: BedrockRuntimeClient, stub: Stubber
) -> None:
    expect(stub, TITAN, titan_request("a cat"), {"embedding": axis(3, 256), "inputTextTokenCount": 2})
    embedder = BedrockEmbedder(model=TITAN, dimensions=256, client=client)

    (vector,) = await embedder.embed(["a cat"])

    assert (embedder.model, embedder.dimensions) == (TITAN, 256)
    assert vector == [number / 2 for number in axis(3, 256)]


@pytest.mark.parametrize(
    ("purpose", "input_type"), [(Purpose.DOCUMENT, "search_document"), (Purpose.QUERY, "search_query")]
)
async def test_cohere_is_told_what_the_texts_are_for(
    client: BedrockRuntimeClient, stub: Stubber, purpose: Purpose, input_type: str
) -> None:
    request = {"texts": ["a cat", "a dog"], "input_type": input_type, "truncate": "END"}
    expect(stub, COHERE, request, {"embeddings": [axis(0, 1024), axis(1, 1024)]})
    embedder = BedrockEmbedder(model=COHERE, dimensions=1024, client=client)

    vectors = await embedder.embed(["a cat", "a dog"], purpose=purpose)

    assert [vector.index(1.0) for vector in vectors] == [0, 1]


async def test_texts_are_cut_at_what_the_models_read(client: BedrockRuntimeClient, stub: Stubber) -> None:
    expect(stub, TITAN, titan_request("é" * 4_000), {"embedding": axis(0, 256)})
    await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["é" * 10_000])
    cut = {"texts": ["é" * 2_048, " "], "input_type": "search_document", "truncate": "END"}
    expect(stub, COHERE, cut, {"embeddings": [axis(0, 1024), axis(1, 1024)]})

    await BedrockEmbedder(model=COHERE, dimensions=1024, client=client).embed(["é" * 10_000, ""])

    stub.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelTimeoutException", "InternalServerException"])
async def test_tries_again_when_the_service_is_busy(
    client: BedrockRuntimeClient, stub: Stubber, code: str
) -> None:
    stub.add_client_error("invoke_model", code, "please wait", 429)
    expect(stub, TITAN, titan_request("a cat"), {"embedding": axis(0, 256)})
    embedder = BedrockEmbedder(model=TITAN, dimensions=256, client=client)

    assert await embedder.embed(["a cat"]) == [[1.0] + [0.0] * 255]


async def test_gives_up_on_a_service_that_stays_busy(client: BedrockRuntimeClient, stub: Stubber) -> None:
    for _ in range(remote_calls.ATTEMPTS):
        stub.add_client_error("invoke_model", "ThrottlingException", "please wait", 429)

    with pytest.raises(EmbedderUnavailable, match="ThrottlingException"):
        await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["a cat"])

    stub.assert_no_pending_responses()


async def test_a_missing_right_is_named_at_once(client: BedrockRuntimeClient, stub: Stubber) -> None:
    stub.add_client_error("invoke_model", "AccessDeniedException", "arn of somebody", 403)

    with pytest.raises(EmbedderUnavailable, match="AccessDeniedException: check EMBEDDING_MODEL and IAM"):
        await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["a cat"])


async def test_a_refused_text_is_not_repeated_in_the_error(
    client: BedrockRuntimeClient, stub: Stubber
) -> None:
    stub.add_client_error("invoke_model", "ValidationException", "cannot embed: a secret", 400)

    with pytest.raises(EmbedderRejected, match="ValidationException") as refused:
        await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["a secret"])

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"embedding": [1.0] * 512}, "vectors of 512 numbers; EMBEDDING_DIMENSIONS is 256"),
        ({"embeddings": []}, "something else"),
        ([], "something else"),
        (None, "something else"),
    ],
)
async def test_answers_that_are_not_vectors_are_rejected(
    client: BedrockRuntimeClient, stub: Stubber, answer: object, message: str
) -> None:
    expect(stub, TITAN, titan_request("a cat"), answer)

    with pytest.raises(EmbedderRejected, match=message):
        await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["a cat"])


async def test_refuses_to_call_in_a_unit_of_work(client: BedrockRuntimeClient) -> None:
    token = unit_of_work_is_open.set(True)
    try:
        with pytest.raises(NetworkCallInUnitOfWork):
            await BedrockEmbedder(model=TITAN, dimensions=256, client=client).embed(["a cat"])
    finally:
        unit_of_work_is_open.reset(token)


@pytest.mark.parametrize("missing", ["AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"])
async def test_missing_region_or_credentials_are_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv(missing)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    embedder = BedrockEmbedder(model=TITAN, dimensions=256)

    with pytest.raises(EmbedderUnavailable, match="AWS_DEFAULT_REGION"):
        await embedder.embed(["a cat"])

    await embedder.aclose()


async def test_an_embedder_that_never_embedded_closes() -> None:
    await BedrockEmbedder(model=TITAN, dimensions=256).aclose()
