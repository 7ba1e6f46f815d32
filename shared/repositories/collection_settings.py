"""What was set for collections' searches."""

import json

from shared.database.rows import CollectionSettingsRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.collection_settings import CollectionSettings

SQL = SqlFile("shared.repositories.sql", "collection_settings")


async def find_settings(unit: UnitOfWork, collection_id: int) -> CollectionSettings:
    """The defaults where nothing was set."""
    found = await unit.row(SQL["find_settings"], CollectionSettingsRow, collection_id=collection_id)
    return CollectionSettings.model_validate(found.settings if found else {})


async def store_settings(unit: UnitOfWork, collection_id: int, settings: CollectionSettings) -> None:
    """Raises InvalidRequest when they are too much."""
    stored = json.dumps(settings.stored())
    await unit.send(SQL["store_settings"], collection_id=collection_id, settings=stored)
