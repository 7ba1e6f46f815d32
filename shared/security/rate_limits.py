"""Buckets in this process, each as the time when it is full again."""

import time
from collections.abc import Callable, Sequence

from shared.domain.limits import Bucket, Taken

# Names of strangers must not fill the memory; who is forgotten has a full bucket.
_MOST_BUCKETS = 10_000
# What is less than this is an error of arithmetic, not a wait or a request.
_ROUNDING = 1e-6


class ProcessBuckets:
    """Each process has its own: N of them let through N times as much."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = _MOST_BUCKETS) -> None:
        self._clock = clock
        self._most = most
        self._full_at: dict[str, float] = {}

    def take(self, buckets: Sequence[Bucket]) -> Taken:
        """Take one from each of the buckets, or from none when one of them is empty."""
        now = self._clock()
        after = [self._after_taking(bucket, now) for bucket in buckets]
        for place, (bucket, full_at) in enumerate(zip(buckets, after, strict=True)):
            wait = full_at - now - bucket.rate.burst / bucket.rate.per_second
            if wait > _ROUNDING:
                first = after[0] - 1 / buckets[0].rate.per_second
                return Taken(place, wait, _left(buckets[0], first - now), first - now)
        for bucket, full_at in zip(buckets, after, strict=True):
            self._full_at[bucket.name] = full_at
        self._forget(now)
        return Taken(None, 0.0, _left(buckets[0], after[0] - now), after[0] - now)

    def _after_taking(self, bucket: Bucket, now: float) -> float:
        return max(self._full_at.get(bucket.name, now), now) + 1 / bucket.rate.per_second

    def _forget(self, now: float) -> None:
        if len(self._full_at) <= self._most:
            return
        self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}
        while len(self._full_at) > self._most:
            del self._full_at[next(iter(self._full_at))]


def _left(bucket: Bucket, full_after_seconds: float) -> int:
    return max(int(bucket.rate.burst - full_after_seconds * bucket.rate.per_second + _ROUNDING), 0)
