from shared.config import ProcessSettings
from shared.database.migration_settings import MigrationSettings


class Settings(ProcessSettings, MigrationSettings):
    """What database_migrate needs to know."""
