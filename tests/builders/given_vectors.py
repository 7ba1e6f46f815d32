"""An embedder that answers with vectors it was given beforehand."""

from collections.abc import Mapping, Sequence

from shared.embeddings.local import DIMENSIONS
from shared.embeddings.local_model_files import MODEL
from shared.embeddings.protocol import Purpose, Vector


class GivenVectors:
    """The local model's vectors without its work; a text that has none is the test's mistake: KeyError.

    It does not call itself local, so that no search has it find the sentences that are nearest in meaning.
    """

    model = MODEL
    dimensions = DIMENSIONS
    is_local = False

    def __init__(self) -> None:
        self._queries: dict[str, Vector] = {}
        self._passages: dict[str, Vector] = {}

    def give_queries(self, vectors: Mapping[str, Vector]) -> None:
        """They are kept."""
        self._queries.update(vectors)

    def give_passages(self, vectors: Mapping[str, Vector]) -> None:
        """They replace those given before, as a million would not fit."""
        self._passages = dict(vectors)

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        known = self._queries if purpose is Purpose.QUERY else self._passages
        return [known[text] for text in texts]

    async def aclose(self) -> None:
        """There is nothing to close."""
