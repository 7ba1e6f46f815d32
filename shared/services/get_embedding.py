"""Tell a collection's embedding model, and how far its change has come."""

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.repositories import embedding_changes as changes
from shared.repositories.embedding_changes import FoundChange


async def get_embedding(database: Database, principal: Principal, collection: str) -> FoundChange:
    """Raises CollectionNotFound."""
    async with database.unit_of_work(principal) as unit:
        return await changes.find(unit, collection)
