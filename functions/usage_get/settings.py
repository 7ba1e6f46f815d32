from shared.config import DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings):
    """What usage_get needs to know."""
