from dataclasses import dataclass

from functions.exports_build.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database
from shared.storage.opening import open_storage
from shared.storage.protocol import ObjectStorage


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    storage: ObjectStorage


def open_resources(settings: Settings) -> Resources:
    return Resources(open_connection(settings), open_storage(settings))
