"""The time that a caller gives a search, and what of it is left."""

import time
from dataclasses import dataclass, field
from typing import Self

_LEAST_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """`seconds` from when it is made; None for as long as it takes."""

    seconds: float | None
    started: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, milliseconds: int | None) -> Self:
        return cls(None if milliseconds is None else milliseconds / 1000)

    @property
    def spent_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000

    @property
    def seconds_left(self) -> float | None:
        """Never nothing: whoever asks can at least say that time is up."""
        return None if self.seconds is None else max(self.seconds - self.spent_ms / 1000, _LEAST_SECONDS)

    def has_spent(self, share: float) -> bool:
        """Whether one of several parts has had its time."""
        return self.seconds is not None and self.spent_ms / 1000 >= self.seconds * share

    def seconds_for(self, share: float) -> float | None:
        """The seconds that one of several parts may take."""
        return None if self.seconds is None else self.seconds * share
