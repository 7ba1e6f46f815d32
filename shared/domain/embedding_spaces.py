"""Embedding spaces: vectors are comparable only with those of the same model and size."""

from typing import NamedTuple


class EmbeddingSpace(NamedTuple):
    model: str
    dimensions: int


class WantedChange(NamedTuple):
    """A change to that space, or only its plan; `rate` in chunks per second, `price` per million tokens."""

    space: EmbeddingSpace
    dry_run: bool = False
    rate: float | None = None
    price: float | None = None
