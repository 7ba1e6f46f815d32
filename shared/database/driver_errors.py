"""The driver's errors in our own terms, translated here and nowhere else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as postgres

from shared.errors import ConcordError, DatabaseError, DatabaseUnavailable

# Classes of conditions under which there is no server to talk to, for now.
_NO_SERVER = (
    postgres.AdminShutdown,
    postgres.CannotConnectNow,
    # PgBouncer's code for all that it has to say: no connection in time, a server that it lost.
    postgres.ProtocolViolation,
    postgres.CrashShutdown,
    postgres.TooManyConnections,
)
# Those under which the same request may succeed a moment later.
_PASSING = (
    postgres.DeadlockDetected,
    postgres.DiskFull,
    postgres.LockNotAvailable,
    postgres.OutOfMemory,
    postgres.QueryCanceled,
    postgres.ReadOnlySqlTransaction,
    postgres.SerializationFailure,
)
# The driver gives no code for why a connection failed. Where the server speaks another language a failure
# that lasts is taken for one that may pass, and found to last when the time is over.
_REFUSED_LOGIN = re.compile(r"authentication failed|pg_hba\.conf|does not exist|no password supplied")


def refuses_login(error: Exception) -> bool:
    """Whether a connection failed for a reason that waiting does not mend."""
    return _REFUSED_LOGIN.search(str(error)) is not None


def tells_of_no_server(error: psycopg.Error) -> bool:
    """Whether the connection failed or ended, and not a statement on it alone."""
    has_no_code = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
    return has_no_code or isinstance(error, _NO_SERVER)


def leads_elsewhere(error: BaseException | None) -> bool:
    """Whether the connection is one to a standby, as after a failover; a new one may lead to the writer."""
    return isinstance(error, postgres.ReadOnlySqlTransaction)


def translate(error: psycopg.Error) -> ConcordError:
    """The typed error for a driver error; the driver's text stays out of messages, as it may hold values."""
    if isinstance(error, _PASSING) or tells_of_no_server(error):
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
