from dataclasses import asdict
from typing import Any

from functions.sources_refresh.resources import Resources, open_resources
from functions.sources_refresh.settings import Settings
from shared.domain.principals import WORKER
from shared.errors import InvalidRequest
from shared.events.envelopes import is_schedule
from shared.events.lambda_function import EventFunction
from shared.services.refresh_sources import refresh_sources


async def sources_refresh(event: dict[str, Any], resources: Resources, _deadline: float) -> Any:
    """Begin what is due, and take up again what was lost."""
    if not is_schedule(event):
        raise InvalidRequest('The event comes from no schedule; by hand, send {"schedule": "now"}.')
    return asdict(await refresh_sources(resources.database, resources.fetch_queue, WORKER))


handler = EventFunction(sources_refresh, Settings, open_resources)
