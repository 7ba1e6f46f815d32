"""Embedding spaces: vectors are comparable only with those of the same model and size."""

import math
import struct
from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# The most that a vector index takes.
MAX_DIMENSIONS = 4_000
# Rounding to half precision changes a vector's length by less: what is stored is not rounded a second time.
_UNIT_TOLERANCE = 5e-4


class EmbeddingSpace(NamedTuple):
    model: str
    dimensions: int


class OwnSpace(BaseModel):
    """A space whose vectors come with documents and searches: nothing is embedded for its collection."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["own"]
    model: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A name of your own for what makes the vectors. Where it is the deployment's model, "
        "searches without a vector are embedded by that.",
        examples=["clip-vit-b32"],
    )
    dimensions: int = Field(strict=True, ge=1, le=MAX_DIMENSIONS, examples=[512])


class WantedChange(NamedTuple):
    """A change to that space, or only its plan; `rate` in chunks per second, `price` per million tokens."""

    space: EmbeddingSpace
    dry_run: bool = False
    rate: float | None = None
    price: float | None = None


def unit_vector(value: object) -> tuple[float, ...]:
    """The vector as it is stored: of unit length, its numbers of half precision.

    Raises ValueError for what is not a list of finite numbers, one of them not 0.
    """
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_DIMENSIONS:
        raise ValueError(f"must be a list of 1 to {MAX_DIMENSIONS} numbers")
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in value):
        raise ValueError("must have numbers alone")
    try:
        length = math.hypot(*value)
    except OverflowError:
        length = math.inf
    if not math.isfinite(length):
        raise ValueError("must have finite numbers, and a finite length")
    if length == 0:
        raise ValueError("must have a number that is not 0: it has no direction")
    scale = 1.0 if abs(length - 1) < _UNIT_TOLERANCE else length
    half = f"{len(value)}e"
    return struct.unpack(half, struct.pack(half, *(number / scale for number in value)))


def packed(vector: Sequence[float]) -> bytes:
    """The numbers of a unit vector, each in two bytes."""
    return struct.pack(f">{len(vector)}e", *vector)


def refuse_dimensions(vector: Sequence[float] | None, dimensions: int) -> None:
    """Raises ValueError for a vector that has not so many numbers."""
    if vector is not None and len(vector) != dimensions:
        raise ValueError(f"must have {dimensions} numbers, as the collection's have, and not {len(vector)}")


GivenVector = Annotated[tuple[float, ...], BeforeValidator(unit_vector)]
