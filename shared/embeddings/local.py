"""all-MiniLM-L6-v2 on this machine's own processor."""

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from shared.config import ConfigurationError
from shared.database.boundaries import refuse_in_unit_of_work
from shared.embeddings.local_model_files import GRAPH, TOKENIZER, is_whole
from shared.embeddings.protocol import Vector
from shared.errors import EmbedderRejected

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
# The model was trained on 256 tokens and has positions for 512. Chunks are made to fit the
# former by an estimate; cutting at the latter keeps their ends when the estimate is off.
LONGEST_TEXT_TOKENS = 512
# A word of more than 100 characters is one token, so no text needs more characters than this
# to fill the model, and a text of megabytes is not read for nothing.
LONGEST_TEXT_CHARACTERS = LONGEST_TEXT_TOKENS * 100
# Padded tokens in one run: enough to keep the processor busy, small enough to stay in its cache.
BATCH_TOKENS = 2048

type TokenIds = list[int]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession


class LocalEmbedder:
    """Embeds on the processor, in threads of its own; the model is loaded by the first text."""

    def __init__(self, model_directory: Path | None = None, *, threads: int | None = None) -> None:
        """Without `model_directory` the model is built once into the user's cache folder."""
        self._directory = model_directory
        self._threads = threads or os.cpu_count() or 1
        self._loading = threading.Lock()
        self._loaded: LoadedModel | None = None

    @property
    def model(self) -> str:
        return MODEL

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One unit vector of 384 numbers per text. Texts are cut at 512 tokens."""
        refuse_in_unit_of_work("embed")
        if not texts:
            return []
        return await asyncio.to_thread(self.embed_here, texts)

    def embed_here(self, texts: Sequence[str]) -> list[Vector]:
        """As `embed`, in the calling thread, which it keeps busy."""
        loaded = self._load()
        token_ids = _tokenize(loaded.tokenizer, texts)
        if len(token_ids) == 1:
            return [_run(loaded.session, token_ids)[0].tolist()]
        vectors: list[Vector] = [[]] * len(token_ids)
        for places in batches_by_length([len(ids) for ids in token_ids]):
            computed = _run(loaded.session, [token_ids[place] for place in places]).tolist()
            for place, vector in zip(places, computed, strict=True):
                vectors[place] = vector
        return vectors

    async def aclose(self) -> None:
        """Give the model's memory back."""
        self._loaded = None

    def _load(self) -> LoadedModel:
        with self._loading:
            if self._loaded is None:
                self._loaded = _load_model(_whole_directory(self._directory), self._threads)
            return self._loaded


def batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of like length, longest first, each batch within BATCH_TOKENS when padded."""
    batch: list[int] = []
    longest = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batch and (len(batch) + 1) * longest > BATCH_TOKENS:
            yield batch
            batch = []
        if not batch:
            longest = lengths[place]
        batch.append(place)
    if batch:
        yield batch


def _whole_directory(configured: Path | None) -> Path:
    if configured is None:
        # Where the model is shipped, the code that builds it need not be.
        from shared.embeddings.local_model_build import ensure_model_files  # noqa: PLC0415

        return ensure_model_files()
    if not is_whole(configured):
        raise ConfigurationError(
            "EMBEDDING_MODEL_DIR does not hold a whole model: it needs model.onnx, tokenizer.json "
            "and SHA256SUMS with the checksums of both."
        )
    return configured


def _load_model(directory: Path, threads: int) -> LoadedModel:
    tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TEXT_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(directory / GRAPH), options, providers=["CPUExecutionProvider"]
    )
    return LoadedModel(tokenizer, session)


def _tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> list[TokenIds]:
    try:
        encodings = tokenizer.encode_batch_fast([text[:LONGEST_TEXT_CHARACTERS] for text in texts])
    except (UnicodeEncodeError, TypeError):
        raise EmbedderRejected("A text is not valid Unicode.") from None
    return [encoding.ids for encoding in encodings]


def _run(session: onnxruntime.InferenceSession, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
    shape = (len(batch), max(map(len, batch)))
    token_ids = np.zeros(shape, np.int64)
    mask = np.zeros(shape, np.int64)
    for row, ids in enumerate(batch):
        token_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    inputs = {"input_ids": token_ids, "attention_mask": mask}
    vectors: NDArray[np.float32] = session.run(["embedding"], inputs)[0]
    return vectors
