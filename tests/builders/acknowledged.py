"""Writers that remember what they were told is stored, and a recount of it afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg

from shared.errors import ConcordError
from tests.builders.documents import a_document
from tests.builders.library import Library
from tests.builders.recorded_database import RecordedDatabase
from tests.builders.recount import recount, stored_statistics

_STORED = """
SELECT d.id, d.body FROM concord.document d JOIN concord.collection c ON c.id = d.collection_id
WHERE c.name = %s AND c.deleted_at IS NULL
"""
PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Acknowledgements:
    """`bodies` has each id's text as acknowledged last, `refused` what writers were told instead."""

    bodies: dict[str, str] = field(default_factory=dict)
    refused: list[ConcordError] = field(default_factory=list)
    writes: int = 0

    async def more(self, count: int) -> None:
        """Wait until so many more writes were acknowledged than now."""
        goal = self.writes + count
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.writes < goal:
            assert time.monotonic() < deadline, f"nobody could write: {self.refused[-1:]}"
            await asyncio.sleep(0.01)

    def note(self, bodies: dict[str, str]) -> None:
        self.bodies.update(bodies)
        self.writes += 1


@asynccontextmanager
async def writing(library: Library, *, writers: int = 4) -> AsyncIterator[Acknowledgements]:
    """Writers that go on until the body ends, and send again what failed, as callers do.

    Each write has two new documents and the next version of a third, of the writer's own. Half of the writers
    share their turns, the others write as from processes of their own.
    """
    told, stopping = Acknowledgements(), asyncio.Event()

    async def write(number: int) -> None:
        turn = 0
        shelf = library if number % 2 else Library(RecordedDatabase(library.database), library.embedder)
        while not stopping.is_set():
            bodies = {
                f"w{number}-{turn}-a": f"Harbour report {number} {turn}.",
                f"w{number}-{turn}-b": f"Glacier journal {number} {turn}.",
                f"w{number}-diary": f"Version {turn} of the diary {number}.",
            }
            try:
                await shelf.upsert(*(a_document(id, body) for id, body in bodies.items()))  # noqa: A001 - as the field
            except ConcordError as error:
                told.refused.append(error)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                told.note(bodies)
                turn += 1

    async with asyncio.TaskGroup() as group:
        for number in range(writers):
            group.create_task(write(number))
        try:
            yield told
        finally:
            stopping.set()


@dataclass(frozen=True, slots=True)
class Recounted:
    """Of acknowledged documents: how many there are, are missing or old, and are there more than once."""

    acknowledged: int
    lost: int
    doubled: int


def recount_acknowledged(database_url: str, told: Acknowledgements, name: str = "library") -> Recounted:
    """Compare with what is stored; the index must be what the stored documents say, posting by posting."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_STORED, [name]).fetchall()
    stored: dict[str, str] = dict(rows)
    lost = sum(not _is_kept(stored.get(id), body) for id, body in told.bodies.items())  # noqa: A001 - as the column
    counted = stored_statistics(database_url, name)
    doubled = len(rows) - len(stored) + abs(counted.documents - len(stored))
    assert counted == recount(database_url, name)
    return Recounted(len(told.bodies), lost, doubled)


def _is_kept(stored: str | None, acknowledged: str) -> bool:
    """A diary may be a version ahead: that write came through, and its answer did not."""
    if stored is None or not acknowledged.startswith("Version"):
        return stored == acknowledged
    return int(stored.split()[1]) in {(version := int(acknowledged.split()[1])), version + 1}
