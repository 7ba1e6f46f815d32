"""Any endpoint that speaks OpenAI's embeddings API."""

import asyncio
import email.utils
import functools
import time
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from shared.aws.secrets import read_secret
from shared.config import ConfigurationError
from shared.database.boundaries import refuse_in_unit_of_work
from shared.embeddings.protocol import Purpose, Vector
from shared.embeddings.remote_calls import TryAgain, call_all
from shared.embeddings.remote_texts import cut_to_bytes, group_texts
from shared.embeddings.remote_vectors import unit_vectors
from shared.errors import EmbedderRejected, EmbedderUnavailable, SecretUnavailable

# OpenAI's models read 8,191 tokens of a text, and a request may have 300,000 in all.
LONGEST_TEXT_BYTES = 8_000
TEXTS_PER_REQUEST = 256
CHARACTERS_PER_REQUEST = 200_000
REQUESTS_AT_ONCE = 4
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
# Only these can shorten their vectors; other models refuse a request that asks for it.
SHORTENABLE_MODELS = "text-embedding-3"
TRY_AGAIN_STATUSES = frozenset({408, 409, 425, 429})
# The texts are not at fault, so they must not be marked as failed for good.
SETUP_STATUSES = frozenset({401, 402, 403, 404, 405})
SETUP = "OPENAI_BASE_URL, OPENAI_API_KEY or OPENAI_SECRET_ARN, and EMBEDDING_MODEL"


class OpenAIEmbedder:
    """POSTs texts to `{base_url}/embeddings`."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: SecretStr | None,
        secret_arn: str | None = None,
        model: str,
        dimensions: int,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`answer_seconds`: how long one attempt may wait for the endpoint to send something.

        Without `api_key` the key is the secret `secret_arn`, read at the first text, and once more when the
        endpoint refuses it.
        """
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._api_key = api_key
        self._secret_arn = secret_arn or ""
        self._model = model
        self._dimensions = dimensions
        self._timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._opened: httpx.AsyncClient | None = None

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
        """One unit vector per text, each text cut at 8,000 bytes.

        Raises EmbedderUnavailable after some attempts on 429, 5xx, timeouts and lost connections, and
        at once when key or address are refused; EmbedderRejected on any other refusal and on answers
        that are not the asked-for vectors.
        """
        refuse_in_unit_of_work("embed")
        groups = group_texts(
            [cut_to_bytes(text, LONGEST_TEXT_BYTES) for text in texts],
            count=TEXTS_PER_REQUEST,
            characters=CHARACTERS_PER_REQUEST,
        )
        answers = await call_all(
            [functools.partial(self._embed_group, group) for group in groups],
            at_once=REQUESTS_AT_ONCE,
            purpose=purpose,
        )
        return [vector for vectors in answers for vector in vectors]

    async def aclose(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None

    async def _embed_group(self, texts: list[str]) -> list[Vector]:
        body: dict[str, Any] = {"model": self._model, "input": texts, "encoding_format": "base64"}
        if SHORTENABLE_MODELS in self._model:
            body["dimensions"] = self._dimensions
        key = await self._key()
        response = await self._post(body, key)
        if response.status_code == httpx.codes.UNAUTHORIZED and self._api_key is None:
            renewed = await self._key(other_than=key)
            if renewed != key:
                response = await self._post(body, renewed)
        _raise_for_status(response)
        return unit_vectors(_in_order(response), count=len(texts), dimensions=self._dimensions)

    async def _post(self, body: dict[str, Any], key: str) -> httpx.Response:
        try:
            return await self._client().post(
                self._url, json=body, headers={"Authorization": f"Bearer {key.strip()}"}
            )
        except httpx.TransportError as error:
            raise TryAgain(f"The embedding provider cannot be reached ({type(error).__name__}).") from None

    async def _key(self, *, other_than: str | None = None) -> str:
        if self._api_key is not None:
            return self._api_key.get_secret_value()
        try:
            return await asyncio.to_thread(
                read_secret, self._secret_arn, setting="OPENAI_SECRET_ARN", other_than=other_than
            )
        except (ConfigurationError, SecretUnavailable) as error:
            raise EmbedderUnavailable(f"The key of the embedding provider: {error}") from error

    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            self._opened = httpx.AsyncClient(
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=REQUESTS_AT_ONCE * 2),
            )
        return self._opened


def _raise_for_status(response: httpx.Response) -> None:
    """The endpoint's own words stay out of the error, as some repeat the key or the texts."""
    status = response.status_code
    if status in TRY_AGAIN_STATUSES or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise TryAgain(
            f"The embedding provider answered with status {status}.",
            after_seconds=_retry_after(response.headers.get("Retry-After")),
        )
    if status in SETUP_STATUSES:
        raise EmbedderUnavailable(f"The embedding provider answered with status {status}: check {SETUP}.")
    if not response.is_success:
        raise EmbedderRejected(f"The embedding provider refused the request with status {status}.")


def _retry_after(header: str | None) -> float | None:
    """Seconds from now; the header has seconds or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _in_order(response: httpx.Response) -> list[object]:
    """The answer's embeddings by their `index`."""
    try:
        items = sorted(response.json()["data"], key=lambda item: item["index"])
        places = [item["index"] for item in items]
        embeddings: list[object] = [item["embedding"] for item in items]
    except (ValueError, LookupError, TypeError):
        raise EmbedderRejected("The embedding provider answered with something else than vectors.") from None
    if places != list(range(len(places))):
        raise EmbedderRejected("The embedding provider did not answer with one vector for each text.")
    return embeddings
