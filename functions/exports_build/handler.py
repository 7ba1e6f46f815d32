from typing import Any

from functions.exports_build.resources import Resources, open_resources
from functions.exports_build.settings import Settings
from shared.domain.exports import export_of_key
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule
from shared.events.lambda_function import EventFunction
from shared.events.storage import stored_key
from shared.repositories.exports import ExportKey
from shared.services.build_export import ExportRun


async def exports_build(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Build an export when its request is stored, or on a schedule those that nobody works on."""
    run = ExportRun(resources.database, resources.storage, WORKER, deadline)
    if is_schedule(event):
        built = await run.build_due()
    else:
        found = export_of_key(stored_key(event))
        if found is not None:
            await run.build(ExportKey(*found))
        built = int(found is not None)
    await run.remove_stale()
    return {"exports": built}


handler = EventFunction(exports_build, Settings, open_resources)
