from shared.config import DatabaseSettings, HttpSettings, StorageSettings


class Settings(HttpSettings, DatabaseSettings, StorageSettings):
    """What documents_original needs to know."""
