"""What the functions open that write documents for a caller, whose documents are counted."""

from collections.abc import Callable
from typing import Any

from shared.cache.opening import open_cache
from shared.database.connections import open_connection
from shared.http.metering import Meter
from shared.queues.opening import open_write_queues

METERED_WRITES: dict[str, Callable[[Any], object]] = {
    "database": open_connection,
    "cache": open_cache,
    "queues": open_write_queues,
    "meter": Meter,
}
