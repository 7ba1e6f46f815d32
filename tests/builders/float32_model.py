"""all-MiniLM-L6-v2 as published, in 32-bit floats: what the 8-bit graph is measured against."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from shared.embeddings.local_model import LONGEST_TEXT_TOKENS
from shared.embeddings.local_model_build import require_weights
from shared.embeddings.local_model_graph import Float32Graph, write_graph


class Float32Model:
    """Embeds texts one by one, each on `threads` threads."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        package = require_weights()
        graph = folder / "float32.onnx"
        write_graph(package / "model.safetensors", graph, Float32Graph())
        self._tokenizer = Tokenizer.from_file(str(package / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST_TEXT_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])

    def embed(self, text: str) -> NDArray[np.float32]:
        token_ids = np.array([self._tokenizer.encode(text).ids], np.int64)
        vector: NDArray[np.float32] = self._session.run(["embedding"], {"input_ids": token_ids})[0][0]
        return vector
