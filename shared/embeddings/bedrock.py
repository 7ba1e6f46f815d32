"""Embedding models on Amazon Bedrock."""

import asyncio
import functools
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from shared.database.boundaries import refuse_in_unit_of_work
from shared.embeddings.bedrock_models import model_named
from shared.embeddings.protocol import Purpose, Vector
from shared.embeddings.remote_calls import TryAgain, call_all
from shared.embeddings.remote_texts import group_texts
from shared.embeddings.remote_vectors import unit_vectors
from shared.errors import ConcordError, EmbedderRejected, EmbedderUnavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

CHARACTERS_PER_REQUEST = 200_000
REQUESTS_AT_ONCE = 8
CONNECT_SECONDS = 5
ANSWER_SECONDS = 20
TRY_AGAIN_CODES = frozenset(
    {
        "InternalServerException",
        "ModelErrorException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# The texts are not at fault, so they must not be marked as failed for good.
SETUP_CODES = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)


class BedrockEmbedder:
    """Calls InvokeModel in threads, as boto3 blocks."""

    def __init__(self, *, model: str, dimensions: int, client: "BedrockRuntimeClient | None" = None) -> None:
        """Without `client` one is made at the first text, from the environment's region and credentials.

        Raises ConfigurationError for a model that is not known or does not have these dimensions.
        """
        self._model = model
        self._dimensions = dimensions
        self._kind = model_named(model, dimensions)
        self._opened = client
        self._opening = threading.Lock()
        # The event loop's own threads may be fewer, and others wait for them.
        self._threads = ThreadPoolExecutor(REQUESTS_AT_ONCE, "bedrock")

    @property
    def model(self) -> str:
        return self._model

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def is_local(self) -> bool:
        return False

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        """One unit vector per text; Titan reads 8,000 bytes of a text, Cohere 2,048 characters.

        Raises EmbedderUnavailable after some attempts on throttling, server errors and lost
        connections, and at once without a right to call; EmbedderRejected on any other refusal.
        """
        refuse_in_unit_of_work("embed")
        groups = group_texts(
            [self._kind.cut(text) for text in texts],
            count=self._kind.texts_per_request,
            characters=CHARACTERS_PER_REQUEST,
        )
        answers = await call_all(
            [functools.partial(self._call, group, purpose) for group in groups],
            at_once=REQUESTS_AT_ONCE,
            purpose=purpose,
        )
        return [vector for vectors in answers for vector in vectors]

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    async def _call(self, texts: list[str], purpose: Purpose) -> list[Vector]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._embed_group, texts, purpose)

    def _embed_group(self, texts: list[str], purpose: Purpose) -> list[Vector]:
        body = json.dumps(self._kind.request(texts, self._dimensions, purpose))
        try:
            response = self._client().invoke_model(
                modelId=self._model, body=body, contentType="application/json", accept="application/json"
            )
            answer = json.loads(response["body"].read())
            vectors = self._kind.vectors(answer)
        except ClientError as error:
            raise _translated(error) from None
        except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
            raise EmbedderUnavailable(
                f"Bedrock needs a region (AWS_DEFAULT_REGION) and AWS credentials ({type(error).__name__})."
            ) from None
        except BotoCoreError as error:
            raise TryAgain(f"Bedrock cannot be reached ({type(error).__name__}).") from None
        except (ValueError, LookupError, TypeError):
            raise EmbedderRejected("Bedrock answered with something else than vectors.") from None
        return unit_vectors(vectors, count=len(texts), dimensions=self._dimensions)

    def _client(self) -> "BedrockRuntimeClient":
        # boto3's session, unlike its clients, must not be used by two threads at once.
        with self._opening:
            if self._opened is None:
                config = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=ANSWER_SECONDS,
                    max_pool_connections=REQUESTS_AT_ONCE,
                    retries={"total_max_attempts": 1, "mode": "standard"},
                )
                self._opened = boto3.client("bedrock-runtime", config=config)
            return self._opened


def _translated(error: ClientError) -> ConcordError:
    """Bedrock's own message stays out, as it may repeat the texts."""
    code = error.response["Error"]["Code"]
    if code in TRY_AGAIN_CODES:
        return TryAgain(f"Bedrock answered with {code}.")
    if code in SETUP_CODES:
        return EmbedderUnavailable(f"Bedrock answered with {code}: check EMBEDDING_MODEL and IAM.")
    return EmbedderRejected(f"Bedrock refused the request with {code}.")
