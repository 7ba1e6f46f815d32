from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from functions.indexes_maintain.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.domain.maintenance import MaintainRequest, Retention
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule, process_together
from shared.events.lambda_function import EventFunction
from shared.services.maintain_indexes import maintain_completely, maintain_indexes


@dataclass(frozen=True, slots=True)
class Resources:
    database: Database
    retention: Retention


def open_resources(settings: Settings) -> Resources:
    retention = Retention(settings.audit_retention_days, settings.usage_retention_days)
    return Resources(open_connection(settings), retention)


async def indexes_maintain(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Fold statistics, compact postings, purge what was deleted: on a schedule or when writes ask."""
    work = (resources.database, WORKER)
    if is_schedule(event):
        return asdict(await maintain_indexes(*work, deadline=deadline, retention=resources.retention))
    maintain = partial(maintain_completely, *work, deadline=deadline, retention=resources.retention)
    return await process_together(event, MaintainRequest.from_message, maintain)


handler = EventFunction(indexes_maintain, Settings, open_resources)
