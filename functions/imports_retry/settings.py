from shared.config import DatabaseSettings, HttpSettings, StorageSettings


class Settings(HttpSettings, DatabaseSettings, StorageSettings):
    """What imports_retry needs to know."""
