from dataclasses import asdict
from typing import Any

from functions.documents_expire.resources import Resources, open_resources
from functions.documents_expire.settings import Settings
from shared.domain.principals import WORKER
from shared.errors import InvalidRequest
from shared.events.envelopes import is_schedule
from shared.events.lambda_function import EventFunction
from shared.services.expire_documents import expire_documents


async def documents_expire(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Remove the documents whose time has come."""
    if not is_schedule(event):
        raise InvalidRequest('The event comes from no schedule; by hand, send {"schedule": "now"}.')
    report = await expire_documents(
        resources.database, resources.cache, resources.maintain_queue, WORKER, deadline=deadline
    )
    return asdict(report)


handler = EventFunction(documents_expire, Settings, open_resources)
