from dataclasses import asdict
from typing import Any

from functions.database_migrate.settings import Settings
from shared.database.addresses import migration_url
from shared.events.lambda_function import EventFunction
from shared.services.migrate_database import migrate_database


async def database_migrate(_event: dict[str, Any], url: str, _deadline: float) -> dict[str, Any]:
    """Apply the migrations that are missing, whatever event a deployment sends."""
    return asdict(await migrate_database(url))


handler = EventFunction(database_migrate, Settings, migration_url)
