from shared.config import DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings):
    """What keys_create needs to know."""
