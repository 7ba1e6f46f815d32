from shared.config import CacheSettings, DatabaseSettings, HttpSettings, WriteQueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, WriteQueueSettings):
    """What documents_upsert needs to know."""
