from typing import Any

from functions.imports_process.resources import Resources, open_resources
from functions.imports_process.settings import Settings
from shared.domain.imports import import_of_key
from shared.domain.principals import WORKER
from shared.events.envelopes import is_schedule
from shared.events.lambda_function import EventFunction
from shared.events.storage import stored_key
from shared.repositories.imports import ImportKey
from shared.services.process_import import ImportRun


async def imports_process(event: dict[str, Any], resources: Resources, deadline: float) -> Any:
    """Read an import when its object is stored, or on a schedule those that nobody works on."""
    run = ImportRun(
        resources.database, resources.storage, resources.cache, resources.queues, WORKER, deadline
    )
    if is_schedule(event):
        processed = await run.process_due()
    else:
        found = import_of_key(stored_key(event))
        if found is not None:
            await run.process(ImportKey(*found))
        processed = int(found is not None)
    await run.remove_discarded()
    return {"imports": processed}


handler = EventFunction(imports_process, Settings, open_resources)
