"""Whether one way of searching is better than another, or has been lucky."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from shared.cli.metrics import percentile

RESAMPLES = 10_000
_SEED = 20_071


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean gain, the interval that holds it with 95 %, and the two-sided p of there being none."""

    difference: float
    low: float
    high: float
    p: float


def paired_bootstrap(
    before: Sequence[float], after: Sequence[float], *, resamples: int = RESAMPLES, seed: int = _SEED
) -> Comparison:
    """Compare two measures of the same queries, in the same order, by drawing the queries again.

    The same values and seed give the same answer. p is twice the smaller share of resamples whose mean is on
    one side of zero, or on it. Sakai, Evaluating Evaluation Metrics based on the Bootstrap (2006).
    Raises ValueError when the measures differ in length or there are none.
    """
    gains = [new - old for old, new in zip(before, after, strict=True)]
    if not gains:
        raise ValueError("there is nothing to compare")
    chance = random.Random(seed)  # noqa: S311 - draws that are the same each time, no secret
    count = len(gains)
    means = [sum(chance.choices(gains, k=count)) / count for _ in range(resamples)]
    not_above = sum(mean <= 0 for mean in means) / resamples
    not_below = sum(mean >= 0 for mean in means) / resamples
    return Comparison(
        difference=sum(gains) / count,
        low=percentile(means, 0.025),
        high=percentile(means, 0.975),
        p=min(1.0, 2 * min(not_above, not_below)),
    )
