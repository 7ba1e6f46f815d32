"""Embedding spaces: vectors are comparable only with those of the same model and size."""

from typing import NamedTuple


class EmbeddingSpace(NamedTuple):
    model: str
    dimensions: int
