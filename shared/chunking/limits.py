"""How large chunks are."""

from dataclasses import dataclass

from shared.chunking.spans import SMALLEST_MAXIMUM


@dataclass(frozen=True, slots=True)
class ChunkLimits:
    """Sizes of a chunk's text in estimated tokens; what is embedded has title and headings besides.

    Paragraphs are gathered to between `minimum` and `maximum`, which no chunk passes; a third of
    the one as the other gives cuts a choice of places, so that they do not shift for long after an
    edit. Longer paragraphs are divided into pieces of about `target`, and `overlap` is the share of
    a piece that is repeated from the one after it.
    """

    minimum: int = 85
    target: int = 192
    maximum: int = 256
    overlap: float = 0.15

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.target <= self.maximum:
            raise ValueError("1 <= minimum <= target <= maximum must hold")
        if self.maximum < SMALLEST_MAXIMUM:
            raise ValueError(f"maximum must be at least {SMALLEST_MAXIMUM}")
        if not 0 <= self.overlap < 1:
            raise ValueError("0 <= overlap < 1 must hold")


DEFAULT_LIMITS = ChunkLimits()
