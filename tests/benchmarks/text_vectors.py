"""The local model's vectors of many texts, kept in the user's cache folder from run to run."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.embeddings.local import LocalEmbedder
from shared.embeddings.local_model_build import cache_directory, ensure_model_files

type Vectors = NDArray[np.float32]

_TEXTS_PER_CALL = 512


def vectors_of(name: str, texts: Sequence[str]) -> Vectors:
    """A row of unit length for each text, in order; embedded the first time only.

    They are stored under `name`, the model's build and a hash of the texts.
    """
    model = ensure_model_files()
    digest = hashlib.sha256(model.name.encode())
    for text in texts:
        digest.update(f"{len(text)}:{text}".encode())
    path = cache_directory() / "benchmarks" / f"{name}-{digest.hexdigest()[:16]}.npy"
    if path.exists():
        stored: Vectors = np.load(path)
        return stored
    path.parent.mkdir(parents=True, exist_ok=True)
    vectors = asyncio.run(_embed(model, texts))
    unfinished = path.with_suffix(".part.npy")
    np.save(unfinished, vectors)
    unfinished.replace(path)
    return vectors


async def _embed(model: Path, texts: Sequence[str]) -> Vectors:
    """Texts of like length go through the model together, so that little of a batch is padding."""
    embedder = LocalEmbedder(model)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    vectors = np.empty((len(texts), embedder.dimensions), np.float32)
    for start in range(0, len(order), _TEXTS_PER_CALL):
        places = order[start : start + _TEXTS_PER_CALL]
        vectors[places] = await embedder.embed([texts[place] for place in places])
    await embedder.aclose()
    return vectors
