"""What must not be seen of a collection though it is still stored."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.filters import Filter


@dataclass(frozen=True, slots=True)
class Deletion:
    """Documents that a filter selects, as far as they were last written until then."""

    id: int
    tree: Filter
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """Documents that wait for maintenance to remove them."""

    deletions: tuple[Deletion, ...] = ()
    # Whether some have expired.
    expired: bool = False


NOTHING_GONE = Gone()
