from shared.config import DatabaseSettings, HttpSettings, StorageSettings


class Settings(HttpSettings, DatabaseSettings, StorageSettings):
    """What imports_create needs to know."""
