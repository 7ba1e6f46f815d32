"""all-MiniLM-L6-v2 on this machine's own processor."""

import asyncio
import functools
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from shared.database.boundaries import refuse_in_unit_of_work
from shared.embeddings.local_model_files import GRAPH, TOKENIZER, is_whole
from shared.embeddings.protocol import Purpose, Vector
from shared.errors import EmbedderRejected, EmbedderUnavailable

# From its import on, onnxruntime reports its use to its maker, unless it is told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
# The model was trained on 256 tokens and has positions for 512. Chunks are made to fit the
# former by an estimate; cutting at the latter keeps their ends when the estimate is off.
LONGEST_TEXT_TOKENS = 512
# A word of more than 100 characters is one token, so no text needs more characters than this
# to fill the model, and a text of megabytes is not read for nothing.
LONGEST_TEXT_CHARACTERS = LONGEST_TEXT_TOKENS * 100


@dataclass(frozen=True, slots=True)
class LoadedModel:
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession


class LocalEmbedder:
    """Embeds on the processor, off the event loop; the model is loaded by the first text."""

    def __init__(self, model_directory: Path, *, threads: int | None = None) -> None:
        """`threads`: how many texts are embedded at once, by default one per processor."""
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

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        """One unit vector of 384 numbers per text. Texts are cut at 512 tokens.

        Queries and documents are embedded alike. Raises EmbedderRejected for lone surrogates, and
        EmbedderUnavailable when the model's files are damaged.
        """
        del purpose
        refuse_in_unit_of_work("embed")
        if not texts:
            return []
        return await asyncio.to_thread(self._embed, texts)

    def _embed(self, texts: Sequence[str]) -> list[Vector]:
        loaded = self._load()
        token_ids = _tokenize(loaded.tokenizer, texts)
        if len(token_ids) == 1:
            return [_run(loaded.session, token_ids[0])]
        # A text to a core is as fast as a text across cores, without threads that spin while they
        # wait for each other and take the cores from the database beside them.
        with ThreadPoolExecutor(min(self._threads, len(token_ids)), "embed") as pool:
            return list(pool.map(functools.partial(_run, loaded.session), token_ids))

    def warm_up(self) -> None:
        """Load the model and use it once, so that it is ready for the first text."""
        self._embed([""])

    async def aclose(self) -> None:
        """Give the model's memory back."""
        self._loaded = None

    def _load(self) -> LoadedModel:
        with self._loading:
            if self._loaded is None:
                self._loaded = _load_model(self._directory)
            return self._loaded


def _load_model(directory: Path) -> LoadedModel:
    if not is_whole(directory):
        raise EmbedderUnavailable("The model in EMBEDDING_MODEL_DIR is damaged: its checksums differ.")
    tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TEXT_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Texts differ in length, and a plan of memory would be kept for each length.
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(
        str(directory / GRAPH), options, providers=["CPUExecutionProvider"]
    )
    return LoadedModel(tokenizer, session)


def _tokenize(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    try:
        encodings = tokenizer.encode_batch_fast([text[:LONGEST_TEXT_CHARACTERS] for text in texts])
    except (UnicodeEncodeError, TypeError):
        raise EmbedderRejected("A text is not valid Unicode.") from None
    return [encoding.ids for encoding in encodings]


def _run(session: onnxruntime.InferenceSession, token_ids: list[int]) -> Vector:
    """One text at a time: the range of all numbers in a run decides how they are rounded to 8 bits,
    so in company a text's vector would depend on the company."""
    vectors = session.run(["embedding"], {"input_ids": np.array([token_ids], np.int64)})
    vector: Vector = vectors[0][0].tolist()
    return vector
