"""Writers that have all begun before the first of them may go on."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, LiteralString

import psycopg

_WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def write_at_once[Given](
    database_url: str,
    write: Callable[[Given], Any],
    each: Iterable[Given],
    *,
    held_by: Iterable[LiteralString],
) -> None:
    """Call `write` for each in a thread of its own; what `held_by` locks is let go once all wait for it."""
    with (
        psycopg.connect(database_url) as holding,
        psycopg.connect(database_url, autocommit=True) as watching,
    ):
        for statement in held_by:
            holding.execute(statement)
        threads = [threading.Thread(target=write, args=[given]) for given in each]
        for thread in threads:
            thread.start()
        while len(watching.execute(_WAITING).fetchall()) < len(threads):
            pass
        holding.rollback()
        for thread in threads:
            thread.join()
