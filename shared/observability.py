"""One logger and one way to measure, for functions on Lambda and for the laptop alike.

Log lines are JSON with an `Event` as their message. They carry codes, names and counts: never a
body, a query, a key or an error's own text, which may quote one. What belongs to one request has its
`correlation_id`, from the API to the worker.
"""

import functools
import json
import logging
import os
import sys
import traceback
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from pathlib import PurePath
from typing import TYPE_CHECKING, Self

from shared.config import ConfigurationError, ProcessSettings, load_settings, runs_on_lambda
from shared.domain.correlation import is_correlation_id
from shared.errors import ConcordError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


# Of a traceback, from where it was raised.
_FRAMES_SHOWN = 6

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)


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
    EMBEDDING_WAITS = "embedding_waits"
    MAINTENANCE_FAILED = "maintenance_failed"
    EXPIRY_FAILED = "expiry_failed"
    VECTOR_INDEX_WAITS = "vector_index_waits"
    CUSTOM_RESOURCE_FAILED = "custom_resource_failed"
    REQUEST_REFUSED = "request_refused"
    REQUEST_UNAVAILABLE = "request_unavailable"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    SWEEP_FAILED = "sweep_failed"
    PARSER_FAILED = "parser_failed"
    READER_UNAVAILABLE = "reader_unavailable"
    USED = "used"


class Metric(StrEnum):
    """What is measured, in the CloudWatch namespace Concord, each with its unit."""

    unit: str

    def __new__(cls, name: str, unit: str = "Count") -> Self:
        metric = str.__new__(cls, name)
        metric._value_ = name
        metric.unit = unit
        return metric

    # Of each read through a cache: 1 or 0, so that their average is the hit rate.
    CACHE_HIT = "CacheHit"
    CACHE_UNAVAILABLE = "CacheUnavailable"
    CACHE_NOT_INVALIDATED = "CacheNotInvalidated"
    QUEUE_UNAVAILABLE = "QueueUnavailable"
    # From sending a message to having handled it.
    QUEUE_LAG = "QueueLag", "Milliseconds"
    RECORD_FAILED = "RecordFailed"
    REQUEST_FAILED = "RequestFailed"
    REQUESTS_LIMITED = "RequestsLimited"
    # Of each search: 1 or 0.
    SEARCH_DEGRADED = "SearchDegraded"
    SEARCH_EMBED_QUERY = "SearchEmbedQuery", "Milliseconds"
    SEARCH_DATABASE = "SearchDatabase", "Milliseconds"
    SEARCH_TOTAL = "SearchTotal", "Milliseconds"
    EMBEDDED_TEXTS = "EmbeddedTexts"
    EMBEDDING_TIME = "EmbeddingTime", "Milliseconds"
    DOCUMENTS_FAILED = "DocumentsFailed"
    # Of the document that has waited longest for its vectors; 0 when none waits.
    OLDEST_PENDING = "OldestPending", "Seconds"
    COMPACTED_TERMS = "CompactedTerms"
    PURGED_ROWS = "PurgedRows"
    EXPIRED_DOCUMENTS = "ExpiredDocuments"


def correlation_id() -> str | None:
    """The id of the request, schedule or message that this task works for."""
    return _correlation_id.get()


@contextmanager
def correlated(identifier: object) -> Iterator[str]:
    """Work for what has this id, or a new one where that is no id."""
    known = identifier if is_correlation_id(identifier) else str(uuid.uuid4())
    token = _correlation_id.set(known)
    try:
        yield known
    finally:
        _correlation_id.reset(token)


def quiet_libraries() -> None:
    """Keep what libraries log below warnings to themselves: at DEBUG they tell bodies, queries and keys.

    Lambda gives the root logger the level of a function's application logs. Ours has its own, LOG_LEVEL.
    """
    root = logging.getLogger()
    root.setLevel(max(root.level, logging.WARNING))


class _Output(logging.Handler):
    """Standard output on Lambda; elsewhere standard error, as standard output is the CLI's.

    The stream is looked up for each line, so that a stream replaced meanwhile is honoured.
    """

    def emit(self, record: logging.LogRecord) -> None:
        known = _correlation_id.get()
        if known is not None:
            record.correlation_id = known
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
    return Logger(service=_service(), level=level, logger_handler=_Output(), utc=True)


def count(metric: Metric, value: float = 1) -> None:
    """Add `value` to a metric."""
    measure({metric: value})


def measure(values: Mapping[Metric, float]) -> None:
    """Add to metrics, from any task or thread: one line of embedded metric format for all of them.

    Their one dimension is `service`, a deployment's name. Each call is its own line, so nothing is kept
    between calls and nothing needs a flush at the end of a handler. Off Lambda nobody reads such lines
    and none is written.
    """
    if not runs_on_lambda():
        return
    # Imported here for the same reason as the logger.
    from aws_lambda_powertools.metrics import EphemeralMetrics  # noqa: PLC0415 - see above

    metrics = EphemeralMetrics(namespace="Concord", service=_service())
    for metric, value in values.items():
        metrics.add_metric(name=metric, unit=metric.unit, value=value)
    known = _correlation_id.get()
    if known is not None:
        metrics.add_metadata(key="correlation_id", value=known)
    # `flush_metrics` prints, which writes line and line end separately: threads could mix them.
    sys.stdout.write(json.dumps(metrics.serialize_metric_set(), separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _service() -> str:
    return os.environ.get("POWERTOOLS_SERVICE_NAME") or "concord"


def describe_error(error: BaseException) -> dict[str, str]:
    """Log fields for an error, without its text: its code, its type and its frames, innermost first.

    What is wrong with a setting is told, as it names variables and quotes no value.
    """
    described = {"error": type(error).__name__}
    if isinstance(error, ConcordError):
        described["code"] = error.code
    if isinstance(error, ConfigurationError):
        described["setting"] = error.message
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]
    if frames:
        described["where"] = " < ".join(
            f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
        )
    return described
