"""More documents than there are texts: copies with other words and other vectors, as no two may be equal.

Each copy drops 15 % of its original's words, has 10 % of another document's instead, and vectors at a
cosine of about 0.95 to the original's. Exact duplicates would flatter an index: any of them is as good as
the nearest.
"""

import random
from collections.abc import Iterator, Sequence

import numpy as np

from shared.chunking.markdown import chunk_body
from shared.domain.embedding_templates import DEFAULT_TEMPLATE, embedded_chunk
from tests.benchmarks.searched_documents import Document

_DROPPED = 0.15
_TAKEN = 0.10
_NOISE = 0.33


def varied_copies(documents: Sequence[Document], count: int, seed: int = 7) -> Iterator[Document]:
    """`count` copies, of each document in turn."""
    chance, noise = random.Random(seed), np.random.default_rng(seed)
    for number in range(count):
        original = documents[number % len(documents)]
        body = _varied(original.body, chance.choice(documents).body, chance)
        passages = [
            embedded_chunk(DEFAULT_TEMPLATE, original.title, chunk, body, {}) for chunk in chunk_body(body)
        ]
        places = [min(place, len(original.vectors) - 1) for place in range(len(passages))]
        vectors = original.vectors[places] if places else original.vectors[:0]
        moved = vectors + noise.normal(0, _NOISE / vectors.shape[1] ** 0.5, vectors.shape)
        moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        name = f"{original.id}~{number // len(documents) + 1}"
        yield Document(name, original.title, body, passages, moved.astype(np.float32))


def _varied(text: str, other: str, chance: random.Random) -> str:
    words, others = text.split(), other.split()
    kept = [word for word in words if chance.random() >= _DROPPED]
    for word in chance.sample(others, min(round(_TAKEN * len(words)), len(others))):
        kept.insert(chance.randint(0, len(kept)), word)
    # A document without a word would have nothing to be found by.
    return " ".join(kept or words)
