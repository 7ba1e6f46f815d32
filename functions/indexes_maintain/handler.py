from dataclasses import asdict
from typing import Any

from functions.indexes_maintain.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.principals import WORKER
from shared.events.envelopes import refuse_unless_schedule
from shared.events.lambda_function import EventFunction
from shared.services.maintain_indexes import maintain_indexes


async def indexes_maintain(event: dict[str, Any], database: Database, deadline: float) -> dict[str, Any]:
    """Fold statistics, compact postings, purge deleted collections."""
    refuse_unless_schedule(event)
    return asdict(await maintain_indexes(database, WORKER, deadline=deadline))


handler = EventFunction(indexes_maintain, Settings, open_connection)
