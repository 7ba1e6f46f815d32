"""Chunk sizes that make no sense are refused."""

import pytest

from shared.chunking.limits import ChunkLimits
from shared.chunking.spans import SMALLEST_MAXIMUM


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"minimum": 0}, "1 <= minimum"),
        ({"minimum": 193}, "minimum <= target"),
        ({"target": 257}, "target <= maximum"),
        ({"minimum": 1, "target": 1, "maximum": SMALLEST_MAXIMUM - 1}, "maximum must be at least"),
        ({"overlap": 1.0}, "overlap < 1"),
        ({"overlap": -0.1}, "0 <= overlap"),
    ],
)
def test_senseless_sizes_are_refused(limits: dict[str, int], message: str) -> None:
    sizes: dict[str, int] = {"minimum": 85, "target": 192, "maximum": 256} | limits
    with pytest.raises(ValueError, match=message):
        ChunkLimits(**sizes)


def test_the_smallest_sizes_are_accepted() -> None:
    assert ChunkLimits(minimum=1, target=1, maximum=SMALLEST_MAXIMUM, overlap=0).target == 1
