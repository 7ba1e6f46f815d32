"""Delete the vectors of a space in which a collection is searched no more."""

import time

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import embedding_changes as changes
from shared.repositories.embedding_changes import SpaceToClean

VECTORS_PER_UNIT = 5_000


async def clean_space(
    database: Database, principal: Principal, space: SpaceToClean, *, deadline: float
) -> bool:
    """Delete vectors in short units; False when time ran out first."""
    async with database.unit_of_work(principal) as unit:
        # First, so that what is removed then is not looked for in its graph.
        await changes.drop_index(unit, space)
    while time.monotonic() < deadline:
        async with database.unit_of_work(principal) as unit:
            cleaned = await changes.clean(unit, space, VECTORS_PER_UNIT)
            if cleaned < VECTORS_PER_UNIT:
                await changes.finish_cleaning(unit, space.collection_id)
                return True
    return False
