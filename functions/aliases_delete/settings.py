from shared.config import CacheSettings, DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings):
    """What aliases_delete needs to know."""
