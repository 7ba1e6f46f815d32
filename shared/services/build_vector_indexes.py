"""Build the vector indexes of collections, as their owner, while others search and write."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.database.owner_connections import owner_connection
from shared.database.units_of_work import UnitOfWork
from shared.repositories import embedding_spaces
from shared.repositories.embedding_spaces import IndexableCollection

_POLL_SECONDS = 0.2
# A vector's numbers, and what its place in the graph takes while that is built in memory.
_BYTES_PER_NUMBER = 2
_BYTES_PER_PLACE = 1_500
_LEAST_MEGABYTES, _MOST_MEGABYTES = 64, 2_048


class IndexOutcome(StrEnum):
    BUILT = "built"
    IS_THERE = "is there already"
    NOT_NEEDED = "not needed: searched exactly"


@dataclass(frozen=True, slots=True)
class IndexReport:
    """Of one collection: what was done, in how many seconds, and the index's bytes."""

    collection: str
    chunks: int
    outcome: IndexOutcome
    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Megabytes for a build (None: as many as its graph needs, up to 2,048), and the workers beside it."""

    megabytes: int | None = None
    workers: int = 2


type ShowProgress = Callable[[IndexableCollection, int], None]


async def build_vector_indexes(
    url: str, name: str | None, options: BuildOptions, show: ShowProgress
) -> list[IndexReport]:
    """Build the index of one collection, or of all that have outgrown exact scans.

    `url` is the owner's and leads to the server itself; `show` is told of each collection how many vectors
    its index has. Raises CollectionNotFound, DatabaseError, DatabaseUnavailable, MigrationError.
    """
    async with owner_connection(url) as building, owner_connection(url) as watching:
        session, watcher = UnitOfWork(building), UnitOfWork(watching)
        if name is None:
            collections = await embedding_spaces.find_outgrown_collections(session)
        else:
            collections = await embedding_spaces.find_indexable_collection(session, name)
        return [await _build(session, watcher, collection, options, show) for collection in collections]


def megabytes_for(collection: IndexableCollection) -> int:
    """Memory in which the whole graph fits, as far as that is not too much."""
    place = collection.dimensions * _BYTES_PER_NUMBER + _BYTES_PER_PLACE
    return min(max(collection.chunks * place >> 20, _LEAST_MEGABYTES), _MOST_MEGABYTES)


async def _build(
    session: UnitOfWork,
    watcher: UnitOfWork,
    collection: IndexableCollection,
    options: BuildOptions,
    show: ShowProgress,
) -> IndexReport:
    started = time.monotonic()
    outcome = IndexOutcome.BUILT
    if collection.has_index:
        outcome = IndexOutcome.IS_THERE
    elif not collection.is_outgrown:
        outcome = IndexOutcome.NOT_NEEDED
    else:
        megabytes = options.megabytes or megabytes_for(collection)
        await embedding_spaces.prepare_build(session, megabytes=megabytes, workers=options.workers)
        build = asyncio.create_task(embedding_spaces.build_concurrently(session, collection))
        try:
            await _watch(watcher, collection, build, show)
        finally:
            # Who is interrupted stops the server's work, too.
            build.cancel()
            await asyncio.wait([build])
        await build
    size = await embedding_spaces.measure_index(session, collection)
    seconds = round(time.monotonic() - started, 2)
    return IndexReport(collection.name, collection.chunks, outcome, seconds, size)


async def _watch(
    watcher: UnitOfWork, collection: IndexableCollection, build: "asyncio.Task[None]", show: ShowProgress
) -> None:
    while not build.done():
        show(collection, await embedding_spaces.read_progress(watcher, collection))
        await asyncio.wait([build], timeout=_POLL_SECONDS)
