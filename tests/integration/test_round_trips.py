"""Reads travel to Postgres and back once: BEGIN, claims, statements and COMMIT together."""

from pathlib import Path

import pytest
from psycopg.pq import Trace

from shared.database.connections import SingleConnection
from tests.builders.documents import a_document
from tests.builders.library import Library


def synchronisations(trace: Path) -> int:
    """How often the client asked the server to answer what it had sent."""
    return sum(line.split("\t")[0] == "F" and "Sync" in line for line in trace.read_text().splitlines())


@pytest.mark.parametrize("what", ["document", "keyword", "hybrid", "filtered"])
async def test_a_read_is_one_round_trip(
    library: Library, database: SingleConnection, tmp_path: Path, what: str
) -> None:
    await library.upsert(a_document("a", "A river.", metadata={"year": 2026}))
    # What a process has to know of a collection it asks once.
    await library.find("river")
    connection = database._connection
    assert connection is not None
    trace = tmp_path / "trace"
    with trace.open("w") as file:
        connection.pgconn.trace(file.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        if what == "document":
            await library.get("a")
        elif what == "filtered":
            await library.find("river", filter="year = 2026")
        else:
            await library.find("river", mode=what)
        connection.pgconn.untrace()
    assert synchronisations(trace) == 1
