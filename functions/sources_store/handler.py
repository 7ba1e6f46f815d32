from typing import Any

from functions.sources_store.resources import Resources, open_resources
from functions.sources_store.settings import Settings
from shared.events.lambda_function import EventFunction
from shared.events.storage import stored_key


async def sources_store(event: dict[str, Any], resources: Resources, deadline: float) -> None:
    """Make documents of what was fetched, and go on with the source's refresh."""
    await resources.batches().store(stored_key(event), deadline=deadline)


handler = EventFunction(sources_store, Settings, open_resources)
