"""The embedded PostgreSQL of a laptop, killed: it comes back by itself, with what it has acknowledged."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database.migrations import apply_migrations
from shared.database.pool import PooledConnections
from shared.embeddings.protocol import Embedder
from shared.local.postgres import embedded_postgres
from tests.builders.acknowledged import recount_acknowledged, writing
from tests.builders.library import Library, settings_of
from tests.faults.conftest import Figures


@pytest.fixture
def laptop() -> Iterator[Path]:
    """A folder of a laptop's data, with a name that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="concord-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_an_embedded_server_that_is_killed(
    laptop: Path, embedder: Embedder, figures: Figures, rounds: int
) -> None:
    with embedded_postgres(laptop) as running:
        await apply_migrations(running.url)
        database = PooledConnections(settings_of(running.url))
        library = Library(database, embedder)
        await library.create()
        async with writing(library) as told:
            for _ in range(rounds):
                await told.more(60)
                first = int((laptop / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
                os.kill(first, signal.SIGKILL)
                # So that it is gone, and writes are acknowledged by the next one alone.
                await asyncio.sleep(0.5)
                await told.more(60)
        await database.aclose()
        assert told.refused
        figures.add("Laptop: PostgreSQL killed", recount_acknowledged(running.url, told))
