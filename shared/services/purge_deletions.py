"""Remove what standing deletions select, a batch at a time."""

import time

from shared.database.rows import DeletionRow
from shared.database.units_of_work import Database
from shared.domain.deletions import Deletion
from shared.domain.principals import Principal
from shared.querying.filters import parse_filter
from shared.repositories import audit, deletions, document_storage, keyword_index

DOCUMENTS_PER_UNIT = 500


async def purge_deletion(
    database: Database, principal: Principal, standing: DeletionRow, *, deadline: float
) -> tuple[int, bool]:
    """How many documents were removed, and whether that was all; not when time ran out first.

    `deadline` is on the monotonic clock.
    """
    collection_id = standing.collection_id
    deletion = Deletion(standing.id, parse_filter(standing.filter), standing.deleted_at)
    async with database.unit_of_work(principal) as unit:
        # Whoever began to write before has written when this has its turn, and what is written later stays.
        await keyword_index.lock(unit, collection_id)
    reached, purged = standing.reached_number, 0
    while time.monotonic() < deadline:
        # What takes long is found before the lock is taken.
        async with database.unit_of_work(principal) as unit:
            numbers = await deletions.find_deleted(
                unit, collection_id, deletion, after=reached, limit=DOCUMENTS_PER_UNIT
            )
        async with database.unit_of_work(principal) as unit:
            if not numbers:
                await deletions.end(unit, collection_id, deletion.id)
                return purged, True
            await keyword_index.lock(unit, collection_id)
            selected = await deletions.match_deleted(unit, collection_id, deletion, numbers)
            await audit.append(unit, "documents.purge", collection_id, others=len(selected))
            await document_storage.delete(unit, collection_id, selected)
            reached = numbers[-1]
            await deletions.count_purged(
                unit, collection_id, deletion.id, purged=len(selected), reached=reached
            )
        purged += len(selected)
    return purged, False
