from shared.config import CacheSettings, DatabaseSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings):
    """What documents_similar needs to know."""
