from shared.config import CacheSettings, DatabaseSettings, HttpSettings, QueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, QueueSettings):
    """What documents_upsert needs to know."""
