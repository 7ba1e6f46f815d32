from shared.config import DatabaseSettings, HttpSettings, StorageSettings


class Settings(HttpSettings, DatabaseSettings, StorageSettings):
    """What exports_get needs to know."""
