"""A document as the search benchmark gives it to every side."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.text_vectors import Vectors


@dataclass(frozen=True, slots=True)
class Document:
    """`passages` are the texts that are embedded, `vectors` theirs, row by row."""

    id: str
    title: str
    body: str
    passages: Sequence[str]
    vectors: Vectors
