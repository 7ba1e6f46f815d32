"""Checks what a provider answers before it is stored as a vector."""

import base64
import binascii
import math
import struct
from collections.abc import Sequence

from shared.embeddings.protocol import Vector
from shared.errors import EmbedderRejected

BYTES_PER_NUMBER = 4


def unit_vector(answer: object, dimensions: int) -> Vector:
    """The answer, a list of numbers or their base64 (float32, little-endian), at unit length.

    Raises EmbedderRejected when it is something else, has another number of dimensions or no direction.
    """
    numbers = _numbers(answer)
    if len(numbers) != dimensions:
        raise EmbedderRejected(
            f"The embedding provider answered with vectors of {len(numbers)} numbers; "
            f"EMBEDDING_DIMENSIONS is {dimensions}."
        )
    length = math.sqrt(math.sumprod(numbers, numbers))
    if not math.isfinite(length) or length == 0:
        raise EmbedderRejected("The embedding provider answered with a vector that has no direction.")
    return [number / length for number in numbers]


def unit_vectors(answers: object, *, count: int, dimensions: int) -> list[Vector]:
    """`count` unit vectors, or EmbedderRejected."""
    if not isinstance(answers, list) or len(answers) != count:
        raise EmbedderRejected("The embedding provider did not answer with one vector for each text.")
    return [unit_vector(answer, dimensions) for answer in answers]


def _numbers(answer: object) -> Sequence[float]:
    if isinstance(answer, list) and all(type(number) in {float, int} for number in answer):
        return answer
    if isinstance(answer, str):
        try:
            packed = base64.b64decode(answer, validate=True)
            return struct.unpack(f"<{len(packed) // BYTES_PER_NUMBER}f", packed)
        except (binascii.Error, struct.error, ValueError):
            pass
    raise EmbedderRejected("The embedding provider answered with something else than vectors.")
