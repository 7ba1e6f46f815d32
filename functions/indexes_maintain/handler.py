from dataclasses import asdict
from typing import Any

from functions.indexes_maintain.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.maintenance import MaintainRequest
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule, process_together
from shared.events.lambda_function import EventFunction
from shared.services.maintain_indexes import maintain_completely, maintain_indexes


async def indexes_maintain(event: dict[str, Any], database: Database, deadline: float) -> Any:
    """Fold statistics, compact postings, purge what was deleted: on a schedule or when writes ask."""
    if is_schedule(event):
        return asdict(await maintain_indexes(database, WORKER, deadline=deadline))

    async def maintain() -> None:
        await maintain_completely(database, WORKER, deadline=deadline)

    return await process_together(event, MaintainRequest.from_message, maintain)


handler = EventFunction(indexes_maintain, Settings, open_connection)
