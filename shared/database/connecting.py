"""Opens connections, with the password of the moment and with patience for a database that resumes."""

import asyncio
import time
from typing import Any

import psycopg

from shared.aws.invocation import seconds_left
from shared.config import ConfigurationError, DatabaseSettings
from shared.database.addresses import database_url, is_given_outright, renewed_url
from shared.database.driver_errors import refuses_login
from shared.errors import DatabaseLoginRefused, DatabaseUnavailable

CONNECT_TIMEOUT_SECONDS = 5
# Left of an event's time, to answer that there is no database.
RESERVE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
# A database that is still resuming takes some more seconds; Aurora needs about 15 in all.
_RETRY_AFTER_RESUMING_SECONDS = 10

type Connection = psycopg.AsyncConnection[Any]


def connection_arguments(settings: DatabaseSettings) -> dict[str, Any]:
    """How every connection is opened. Server-side prepared statements break transaction poolers."""
    return {
        "autocommit": True,
        "prepare_threshold": 2 if settings.database_prepared_statements else None,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "application_name": "concord",
    }


async def connect(settings: DatabaseSettings) -> Connection:
    """A new connection; of failures that may pass, tries again for DATABASE_RESUME_SECONDS.

    Raises DatabaseUnavailable, always in time to answer the event; SecretUnavailable, ConfigurationError.
    """
    url = await current_url(settings)
    patience = settings.database_resume_seconds
    time_left = min(patience or CONNECT_TIMEOUT_SECONDS, seconds_left(reserve=RESERVE_SECONDS))
    give_up = time.monotonic() + time_left
    pause = _FIRST_PAUSE_SECONDS
    has_renewed = False
    while True:
        try:
            async with asyncio.timeout(min(CONNECT_TIMEOUT_SECONDS, give_up - time.monotonic())):
                return await psycopg.AsyncConnection.connect(url, **connection_arguments(settings))
        except psycopg.ProgrammingError:
            # The driver's own words quote what it cannot read, and with it a password.
            raise ConfigurationError(
                "DATABASE_URL: not of the form postgresql://user:password@host:5432/name, with special"
                " characters percent-encoded."
            ) from None
        except (psycopg.OperationalError, TimeoutError) as error:
            # The secret may have been rotated since it was read.
            renewed_now = None if has_renewed else await renewed(settings, url)
            has_renewed = True
            if renewed_now is not None:
                url = renewed_now
                continue
            _raise_unless_worth_waiting(error, patience, give_up - time.monotonic() - pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


async def current_url(settings: DatabaseSettings) -> str:
    """`database_url`, without blocking the event loop."""
    if is_given_outright(settings):
        return database_url(settings)
    return await asyncio.to_thread(database_url, settings)


async def renewed(settings: DatabaseSettings, refused: str) -> str | None:
    """`renewed_url`, without blocking the event loop."""
    if is_given_outright(settings):
        return None
    return await asyncio.to_thread(renewed_url, settings, refused)


def _raise_unless_worth_waiting(error: Exception, patience: int, time_left: float) -> None:
    if refuses_login(error):
        raise DatabaseLoginRefused from None
    if not patience:
        raise DatabaseUnavailable from error
    if time_left <= 0:
        raise DatabaseUnavailable(retry_after_seconds=_RETRY_AFTER_RESUMING_SECONDS) from error
