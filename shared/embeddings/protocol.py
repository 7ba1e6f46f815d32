"""What every embedder offers."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

type Vector = list[float]


class Purpose(StrEnum):
    """What a text is embedded for. Some models place the two differently; for a query somebody waits."""

    DOCUMENT = "document"
    QUERY = "query"


class Embedder(Protocol):
    """Turns texts into vectors of unit length, all of one embedding space."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def is_local(self) -> bool:
        """Whether a text costs this machine's time alone, and no call."""
        ...

    async def embed(self, texts: Sequence[str], *, purpose: Purpose = Purpose.DOCUMENT) -> list[Vector]:
        """One vector for each text, in order. Texts longer than the model reads are cut at its limit.

        Raises EmbedderUnavailable when trying again may help, EmbedderRejected when it will not.
        """
        ...

    async def aclose(self) -> None: ...
