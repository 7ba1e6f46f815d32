"""all-MiniLM-L6-v2 on this machine's own processor, in 8 bits or as it was published."""

import asyncio
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from shared.database.boundaries import refuse_in_unit_of_work
from shared.embeddings.local_model_files import MODEL
from shared.embeddings.protocol import Purpose, Vector

if TYPE_CHECKING:
    from shared.embeddings.local_model import LocalModel

DIMENSIONS = 384


class LocalEmbedder:
    """Embeds on the processor, off the event loop; the model is loaded by the first text."""

    def __init__(self, model_directory: Path, *, model: str = MODEL, threads: int | None = None) -> None:
        """`threads`: how many texts are embedded at once, by default one per processor."""
        self._directory = model_directory
        self._model = model
        self._threads = threads or os.cpu_count() or 1
        self._loading = threading.Lock()
        self._loaded: LocalModel | None = None

    @property
    def model(self) -> str:
        return self._model

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    @property
    def is_local(self) -> bool:
        return True

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
        model = self._load()
        token_ids = model.tokenize(texts)
        if len(token_ids) == 1:
            return [model.run(token_ids[0])]
        # A text to a core is as fast as a text across cores, without threads that spin while they
        # wait for each other and take the cores from the database beside them.
        with ThreadPoolExecutor(min(self._threads, len(token_ids)), "embed") as pool:
            return list(pool.map(model.run, token_ids))

    def warm_up(self) -> None:
        """Load the model and use it once, so that it is ready for the first text."""
        self._embed([""])

    async def aclose(self) -> None:
        """Give the model's memory back."""
        self._loaded = None

    def _load(self) -> "LocalModel":
        # A worker with nothing to embed does not pay for the libraries, half of a cold start.
        from shared.embeddings.local_model import LocalModel  # noqa: PLC0415 - see above

        with self._loading:
            if self._loaded is None:
                self._loaded = LocalModel(self._directory)
            return self._loaded
