"""Vectors without a model: clustered ones, stored as if they had been embedded."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.rows import TupleRow

from shared.embeddings.protocol import Purpose, Vector

_PER_CLUSTER = 50
_NOISE = 0.7


def clustered_vectors(count: int, dimensions: int, seed: int = 7) -> npt.NDArray[np.float32]:
    """`count` unit vectors around a fiftieth as many centres, in no order."""
    chance = np.random.default_rng(seed)
    centres = chance.standard_normal((max(count // _PER_CLUSTER, 1), dimensions), dtype=np.float32)
    noise = chance.standard_normal((count, dimensions), dtype=np.float32)
    vectors = centres[chance.integers(len(centres), size=count)] + _NOISE * noise
    unit: npt.NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def insert_vectors(
    connection: psycopg.Connection[TupleRow], vectors: npt.NDArray[np.float32], collection_id: int = 1
) -> None:
    """Give the first chunk of each document of a collection a vector, number by number from 1."""
    chunks = connection.execute(
        "SELECT c.document_number, c.id, l.space_id FROM concord.chunk c"
        " JOIN concord.collection l ON l.id = c.collection_id"
        " WHERE c.collection_id = %s AND c.ordinal = 0 AND c.document_number <= %s",
        [collection_id, len(vectors)],
    ).fetchall()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY concord.embedding (space_id, collection_id, document_number, chunk_id, vector) FROM STDIN"
        ) as copy,
    ):
        for number, chunk, space in chunks:
            copy.write_row((space, collection_id, number, chunk, str(vectors[number - 1].tolist())))


class StoredVectors:
    """An Embedder that knows its texts' vectors beforehand."""

    model = "all-MiniLM-L6-v2"
    is_local = False

    def __init__(self, vectors: Mapping[str, Vector]) -> None:
        self._vectors = vectors
        self.dimensions = len(next(iter(vectors.values())))

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:  # noqa: ARG002 - its protocol's
        return [self._vectors[text] for text in texts]

    async def aclose(self) -> None:
        """There is nothing to close."""
