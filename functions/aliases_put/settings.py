from shared.config import CacheSettings, DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings):
    """What aliases_put needs to know."""
