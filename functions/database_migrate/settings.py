from shared.config import MigrationSettings, ProcessSettings


class Settings(ProcessSettings, MigrationSettings):
    """What database_migrate needs to know."""
