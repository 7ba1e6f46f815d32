"""The vectors of chunks, each made by the model of the space that the chunk lacks it in."""

import time
from collections.abc import Sequence

from shared.embeddings.model_change import embedders_of
from shared.embeddings.protocol import Embedder, Vector
from shared.observability import Metric, measure
from shared.repositories.embedding_jobs import UnembeddedChunk


async def vectors_of(
    embedder: Embedder, chunks: Sequence[UnembeddedChunk]
) -> tuple[list[UnembeddedChunk], list[Vector]]:
    """The chunks, those of one model after those of another, with the vector of each.

    Chunks of a model that is not there are left out. Raises EmbedderUnavailable, EmbedderRejected.
    """
    ordered: list[UnembeddedChunk] = []
    vectors: list[Vector] = []
    started = time.perf_counter()
    for one in embedders_of(embedder):
        group = [chunk for chunk in chunks if (chunk.model, chunk.dimensions) == (one.model, one.dimensions)]
        if group:
            vectors += await one.embed([chunk.embedded_text for chunk in group])
            ordered += group
    milliseconds = (time.perf_counter() - started) * 1000
    measure({Metric.EMBEDDED_TEXTS: len(ordered), Metric.EMBEDDING_TIME: milliseconds})
    return ordered, vectors
