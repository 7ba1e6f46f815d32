"""The driver's errors in our own terms, translated here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres

from shared.errors import ConcordError, DatabaseError, DatabaseUnavailable

# Classes of conditions under which the same request may succeed a moment later.
_PASSING = (
    postgres.AdminShutdown,
    postgres.CannotConnectNow,
    postgres.CrashShutdown,
    postgres.DeadlockDetected,
    postgres.LockNotAvailable,
    postgres.QueryCanceled,
    postgres.ReadOnlySqlTransaction,
    postgres.SerializationFailure,
    postgres.TooManyConnections,
)


def translate(error: psycopg.Error) -> ConcordError:
    """The typed error for a driver error; the driver's text stays out of messages, as it may hold values."""
    if isinstance(error, _PASSING) or (
        isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    ):
        return DatabaseUnavailable()
    return DatabaseError(
        f"The database refused a statement ({error.sqlstate or type(error).__name__}).",
        constraint=error.diag.constraint_name,
        sqlstate=error.sqlstate,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Raise the driver's errors as ours."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error
