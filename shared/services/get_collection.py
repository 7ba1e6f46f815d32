"""One collection with its counts."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import collections
from shared.repositories.collections import CountedCollection


async def get_collection(database: Database, principal: Principal, name: str) -> CountedCollection:
    """Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        return await collections.find_counted_collection(unit, name)
