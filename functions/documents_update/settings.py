from shared.config import CacheSettings, DatabaseSettings, HttpSettings, WriteQueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, WriteQueueSettings):
    """What documents_update needs to know."""
