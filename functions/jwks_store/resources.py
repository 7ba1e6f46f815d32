from dataclasses import dataclass

from functions.jwks_store.settings import Settings
from shared.database.connections import open_connection
from shared.database.units_of_work import Database


@dataclass(frozen=True, slots=True)
class Resources:
    """What outlives one event."""

    database: Database
    issuer: str | None


def open_resources(settings: Settings) -> Resources:
    return Resources(open_connection(settings), settings.jwt_issuer)
