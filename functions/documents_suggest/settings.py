from shared.config import CacheSettings, DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings):
    """What documents_suggest needs to know."""
