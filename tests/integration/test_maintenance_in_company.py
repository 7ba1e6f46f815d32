"""Maintenance beside a writer that does not let go."""

import asyncio
import contextvars

from shared.database.connections import open_connection
from shared.domain.principals import ADMIN
from shared.embeddings.protocol import Embedder
from shared.services.locked_collection import lock_collection
from tests.builders.documents import a_document
from tests.builders.library import Library, settings_of


async def test_a_collection_that_is_held_does_not_keep_the_others_waiting(
    database_url: str, library: Library, embedder: Embedder
) -> None:
    hurried = open_connection(settings_of(database_url, database_statement_timeout_ms=200))
    other = Library(hurried, embedder, "other")
    await other.create()
    for body in ("A river.", "A mountain."):
        await library.upsert(a_document("a", body))
        await other.upsert(a_document("a", body))
    async with library.database.unit_of_work(ADMIN) as unit:
        await lock_collection(unit, "library")
        # In a context of its own, as another process would be.
        report = await asyncio.create_task(other.maintain(), context=contextvars.Context())
    await hurried.aclose()
    assert (report.complete, report.compacted_terms) == (False, 1)
    assert (await library.maintain()).complete
    with_rivers = await library.search("river", mode="keyword")
    assert with_rivers.found == 0
