"""Ask the database for a key, as nobody in particular."""

from shared.database.units_of_work import Database
from shared.domain.keys import StoredKey
from shared.domain.principals import Principal
from shared.repositories import keys

_NOBODY = Principal("authentication", frozenset(), collections=())


async def find_key(database: Database, key_id: str) -> StoredKey | None:
    """Raises DatabaseUnavailable, DatabaseError."""
    async with database.unit_of_work(_NOBODY) as unit:
        return await keys.find_key(unit, key_id)
