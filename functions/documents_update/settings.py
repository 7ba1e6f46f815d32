from shared.config import CacheSettings, DatabaseSettings, HttpSettings, QueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, QueueSettings):
    """What documents_update needs to know."""
