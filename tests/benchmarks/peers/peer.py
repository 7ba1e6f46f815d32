"""What the search benchmark asks of a peer."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from tests.benchmarks.search_data import Query, SearchData

K = 10
# A document has several passages: so many are asked for where ten documents are wanted of passages.
PASSAGES_FOR_K = 20


class Peer(Protocol):
    """A search over the benchmark's documents. `search` may be called from several threads at once."""

    @property
    def name(self) -> str: ...

    @property
    def index(self) -> str:
        """Version and indexes, for the row."""
        ...

    @property
    def modes(self) -> tuple[str, ...]: ...

    def load(self, data: SearchData, folder: Path) -> None:
        """Store and index the documents, in `folder` where the peer keeps files."""
        ...

    def search(self, mode: str, query: Query) -> list[str]:
        """The ids of the ten best documents, the best first."""
        ...

    def close(self) -> None: ...


def first_of_each(documents: Iterable[str]) -> list[str]:
    """Ten documents at most, each where it comes first."""
    return list(dict.fromkeys(documents))[:K]
