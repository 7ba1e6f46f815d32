"""Embedding spaces: vectors are comparable only with those of the same model and size."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    model: str
    dimensions: int
