from typing import Any

from functions.sources_fetch.resources import Resources, open_resources
from functions.sources_fetch.settings import Settings
from shared.domain.fetches import FetchRequest
from shared.events.envelopes import process_records
from shared.events.lambda_function import EventFunction
from shared.services.fetch_source_batch import fetch_source_batch


async def sources_fetch(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Fetch what the queue's messages name, and leave it in the bucket."""

    async def fetch(request: FetchRequest) -> None:
        await fetch_source_batch(resources.crawler, resources.storage, request, deadline=deadline)

    return await process_records(event, FetchRequest.from_message, fetch)


handler = EventFunction(sources_fetch, Settings, open_resources)
