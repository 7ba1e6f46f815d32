"""The local model at work: the only module that knows the libraries that run it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from shared.config import runs_on_lambda
from shared.embeddings.local_model_files import GRAPH, TOKENIZER, is_whole
from shared.embeddings.protocol import Vector
from shared.errors import EmbedderRejected, EmbedderUnavailable

# From its import on, onnxruntime reports its use to its maker, unless it is told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

# The model was trained on 256 tokens and has positions for 512. Chunks are made to fit the
# former by an estimate; cutting at the latter keeps their ends when the estimate is off.
LONGEST_TEXT_TOKENS = 512
# A word of more than 100 characters is one token, so no text needs more characters than this
# to fill the model, and a text of megabytes is not read for nothing.
LONGEST_TEXT_CHARACTERS = LONGEST_TEXT_TOKENS * 100


class LocalModel:
    """The model in a folder. Raises EmbedderUnavailable when its files are damaged."""

    def __init__(self, directory: Path) -> None:
        # Lambda has compared a layer's checksum before it starts anything.
        if not runs_on_lambda() and not is_whole(directory):
            raise EmbedderUnavailable("The model in EMBEDDING_MODEL_DIR is damaged: its checksums differ.")
        self._tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_TEXT_TOKENS)
        self._session = _open_session(directory / GRAPH)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text's tokens. Raises EmbedderRejected for lone surrogates."""
        try:
            cut = [text[:LONGEST_TEXT_CHARACTERS] for text in texts]
            encodings = self._tokenizer.encode_batch_fast(cut)
        except (UnicodeEncodeError, TypeError):
            raise EmbedderRejected("A text is not valid Unicode.") from None
        return [encoding.ids for encoding in encodings]

    def run(self, token_ids: list[int]) -> Vector:
        """The vector of one text: the range of all numbers in a run decides how they are rounded to 8 bits,
        so in company a text's vector would depend on the company."""
        vectors = self._session.run(["embedding"], {"input_ids": np.array([token_ids], np.int64)})
        vector: Vector = vectors[0][0].tolist()
        return vector


def _open_session(graph: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Texts differ in length, and a plan of memory would be kept for each length.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
