from shared.config import DatabaseSettings, ProcessSettings, StorageSettings


class Settings(ProcessSettings, DatabaseSettings, StorageSettings):
    """What exports_build needs to know."""
