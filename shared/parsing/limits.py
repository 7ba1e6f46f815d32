"""How much a file may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """`bytes` of the file, `decompressed_bytes` of an archive's parts together, `characters` of its text,
    `seconds` of waiting for it, `memory` in bytes for the process that parses it.
    """

    bytes: int = 100_000_000
    pages: int = 5_000
    decompressed_bytes: int = 500_000_000
    characters: int = 20_000_000
    seconds: float = 60
    memory: int = 1_000_000_000


DEFAULT_LIMITS = ParseLimits()
