"""Keep the indexes small: fold statistics, compact postings, purge what was deleted."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from shared.database.rows import DeletionRow
from shared.database.units_of_work import Database
from shared.domain.maintenance import KEPT_AS_USUAL, Retention
from shared.domain.principals import Principal
from shared.errors import ConcordError, Unavailable
from shared.observability import Event, Metric, describe_error, logger, measure
from shared.repositories import (
    audit,
    collections,
    deletions,
    document_storage,
    embedding_changes,
    embedding_spaces,
    keyword_index,
)
from shared.repositories.embedding_changes import SpaceToClean
from shared.repositories.embedding_spaces import IndexableCollection
from shared.services.clean_space import clean_space
from shared.services.forget_requests import forget_requests

TERMS_PER_UNIT = 500
ROWS_PER_UNIT = 1_000
# Numbers of vectors that a build gets through in a second, on a slow server: decision 8.
NUMBERS_PER_SECOND = 192_000

type _Step = Callable[[MaintenanceReport, float], Awaitable[bool]]


@dataclass(slots=True)
class MaintenanceReport:
    """What a run did, and whether everything due is done."""

    collections: int = 0
    compacted_terms: int = 0
    purged_rows: int = 0
    indexed_collections: int = 0
    # Those whose index takes more time than was left.
    waiting_collections: int = 0
    complete: bool = False


async def maintain_indexes(
    database: Database, principal: Principal, *, deadline: float, retention: Retention = KEPT_AS_USUAL
) -> MaintenanceReport:
    """Work in short units until all is done or, at `deadline` on the monotonic clock, time is up."""
    report = MaintenanceReport()
    async with database.unit_of_work(principal) as unit:
        buried = await collections.list_buried_ids(unit)
        live = await collections.list_live_ids(unit)
        standing = await deletions.list_standing(unit)
        unused = await embedding_changes.find_cleaning(unit)
        outgrown = await embedding_spaces.find_outgrown_collections(unit)
    steps: list[_Step] = [partial(_purge, database, principal, collection_id) for collection_id in buried]
    steps += [partial(_purge_deletion, database, principal, deletion) for deletion in standing]
    steps += [partial(_compact, database, principal, collection_id) for collection_id in live]
    steps += [partial(_clean_space, database, principal, space) for space in unused]
    steps += [partial(_index_vectors, database, principal, collection) for collection in outgrown]
    steps.append(partial(_forget_requests, database, principal, retention))
    done = []
    for step in steps:
        try:
            done.append(await step(report, deadline))
        except ConcordError as error:
            # One collection that cannot be maintained now must not keep the others from it.
            logger().warning(Event.MAINTENANCE_FAILED, extra=describe_error(error))
            done.append(False)
    report.collections = len(live)
    report.complete = all(done)
    measure({Metric.COMPACTED_TERMS: report.compacted_terms, Metric.PURGED_ROWS: report.purged_rows})
    return report


async def maintain_completely(
    database: Database, principal: Principal, *, deadline: float, retention: Retention = KEPT_AS_USUAL
) -> None:
    """The same, where no clock comes back to what is left. Raises Unavailable, so that somebody does."""
    report = await maintain_indexes(database, principal, deadline=deadline, retention=retention)
    if not report.complete:
        raise Unavailable("Maintenance did not get through all there is to do.")


async def _purge(
    database: Database,
    principal: Principal,
    collection_id: int,
    report: MaintenanceReport,
    deadline: float,
) -> bool:
    """Remove all of a deleted collection; False when time ran out first."""
    async with database.unit_of_work(principal) as unit:
        # First, so that what is removed then is not looked for in its graph.
        await embedding_spaces.drop_collection_index(unit, collection_id)
    while time.monotonic() < deadline:
        async with database.unit_of_work(principal) as unit:
            # A writer that found the collection before it was deleted may still be at work.
            await keyword_index.lock(unit, collection_id)
            purged = await document_storage.purge(unit, collection_id, ROWS_PER_UNIT)
            purged += await collections.purge_blocks(unit, collection_id, ROWS_PER_UNIT)
            if not purged:
                await audit.append(unit, "collections.purge", collection_id)
                await collections.purge_rest(unit, collection_id)
        report.purged_rows += purged
        if not purged:
            return True
    return False


async def _purge_deletion(
    database: Database,
    principal: Principal,
    deletion: DeletionRow,
    report: MaintenanceReport,
    deadline: float,
) -> bool:
    """Remove what a filter has deleted; False when time ran out first."""
    from shared.services.purge_deletions import purge_deletion  # noqa: PLC0415 - which takes a parser.

    purged, complete = await purge_deletion(database, principal, deletion, deadline=deadline)
    report.purged_rows += purged
    return complete


async def _compact(
    database: Database,
    principal: Principal,
    collection_id: int,
    report: MaintenanceReport,
    deadline: float,
) -> bool:
    """Fold statistics and rewrite scattered postings; False when time ran out first."""
    async with database.unit_of_work(principal) as unit:
        await keyword_index.lock(unit, collection_id)
        await keyword_index.fold_statistics(unit, collection_id)
    while time.monotonic() < deadline:
        async with database.unit_of_work(principal) as unit:
            await keyword_index.lock(unit, collection_id)
            compacted = await keyword_index.compact(unit, collection_id, TERMS_PER_UNIT)
            if compacted < TERMS_PER_UNIT:
                await keyword_index.forget_retired(unit, collection_id)
        report.compacted_terms += compacted
        if compacted < TERMS_PER_UNIT:
            return True
    return False


async def _forget_requests(
    database: Database, principal: Principal, retention: Retention, report: MaintenanceReport, deadline: float
) -> bool:
    """Remove answers, audit entries and usage whose time is over; False when time ran out first."""
    forgotten, complete = await forget_requests(database, principal, retention=retention, deadline=deadline)
    report.purged_rows += forgotten
    return complete


async def _clean_space(
    database: Database,
    principal: Principal,
    space: SpaceToClean,
    report: MaintenanceReport,
    deadline: float,
) -> bool:
    """Delete the vectors of a space that a collection has given up; False when time ran out first."""
    del report
    return await clean_space(database, principal, space, deadline=deadline)


async def _index_vectors(
    database: Database,
    principal: Principal,
    collection: IndexableCollection,
    report: MaintenanceReport,
    deadline: float,
) -> bool:
    """Build the vector index of a collection if the time left is likely to do; False without any."""
    left = deadline - time.monotonic()
    if left <= 0:
        return False
    estimate = collection.chunks * collection.dimensions / NUMBERS_PER_SECOND
    if estimate > left:
        report.waiting_collections += 1
        logger().warning(
            Event.VECTOR_INDEX_WAITS,
            extra={
                "collection": collection.name,
                "chunks": collection.chunks,
                "estimated_seconds": round(estimate),
                "command": f"concord index {collection.name}",
            },
        )
        return True
    async with database.unit_of_work(principal) as unit:
        await embedding_spaces.index_collection_vectors(unit, collection, seconds=left)
    report.indexed_collections += 1
    return True
