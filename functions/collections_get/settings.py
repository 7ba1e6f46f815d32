from shared.config import CacheSettings, DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings):
    """What collections_get needs to know."""
