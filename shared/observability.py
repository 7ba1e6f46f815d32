"""One logger and one way to count, for functions on Lambda and for the laptop alike.

Log lines are JSON with an `Event` as their message. They carry codes, names and counts: never a
body, a query, a key or an error's own text, which may quote one.
"""

import functools
import json
import logging
import os
import sys
import traceback
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING

from shared.config import ProcessSettings, load_settings
from shared.errors import ConcordError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


# Of a traceback, from where it was raised.
_FRAMES_SHOWN = 6


class Event(StrEnum):
    """What a log line tells of; the line's `message`."""

    CACHE_UNAVAILABLE = "cache_unavailable"
    CACHE_RECOVERED = "cache_recovered"
    CACHE_REFUSED = "cache_refused"
    CACHE_NOT_INVALIDATED = "cache_not_invalidated"
    QUEUE_UNAVAILABLE = "queue_unavailable"
    QUEUE_FULL = "queue_full"
    RECORD_FAILED = "record_failed"
    REQUEST_FAILED = "request_failed"
    EMBEDDER_UNAVAILABLE = "embedder_unavailable"
    EMBEDDING_FAILED = "embedding_failed"
    MAINTENANCE_FAILED = "maintenance_failed"
    REQUEST_UNAVAILABLE = "request_unavailable"


class Metric(StrEnum):
    """What is counted, in the CloudWatch namespace Concord."""

    CACHE_UNAVAILABLE = "CacheUnavailable"
    CACHE_NOT_INVALIDATED = "CacheNotInvalidated"
    QUEUE_UNAVAILABLE = "QueueUnavailable"
    RECORD_FAILED = "RecordFailed"
    SEARCH_DEGRADED = "SearchDegraded"


def runs_on_lambda() -> bool:
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


class _Output(logging.Handler):
    """Standard output on Lambda; elsewhere standard error, as standard output is the CLI's.

    The stream is looked up for each line, so that a stream replaced meanwhile is honoured.
    """

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream = sys.stdout if runs_on_lambda() else sys.stderr
            stream.write(f"{self.format(record)}\n")
            stream.flush()
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not fail its caller
            self.handleError(record)


@functools.cache
def logger() -> "Logger":
    """The process's logger, made at the first call; its level is LOG_LEVEL."""
    # Imported here, so that a start that has nothing to tell does not pay for it.
    from aws_lambda_powertools.logging import Logger  # noqa: PLC0415 - see above

    level = load_settings(ProcessSettings).log_level
    return Logger(service="concord", level=level, logger_handler=_Output(), utc=True)


def count(metric: Metric, value: float = 1, **dimensions: str) -> None:
    """Add `value` to a metric, from any task or thread: one line of embedded metric format.

    Each call is its own line, so nothing is kept between calls and nothing needs a flush at the end
    of a handler. Off Lambda nobody reads such lines and none is written.
    """
    if not runs_on_lambda():
        return
    # Imported here for the same reason as the logger.
    from aws_lambda_powertools.metrics import (  # noqa: PLC0415 - see above
        EphemeralMetrics,
        MetricUnit,
    )

    metrics = EphemeralMetrics(namespace="Concord")
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=value)
    for name, text in dimensions.items():
        metrics.add_dimension(name=name, value=text)
    # `flush_metrics` prints, which writes line and line end separately: threads could mix them.
    sys.stdout.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()


def describe_error(error: BaseException) -> dict[str, str]:
    """Log fields for an error, without its text: its code, its type and its frames, innermost first."""
    described = {"error": type(error).__name__}
    if isinstance(error, ConcordError):
        described["code"] = error.code
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]
    if frames:
        described["where"] = " < ".join(
            f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
        )
    return described
