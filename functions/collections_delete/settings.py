from shared.config import CacheSettings, DatabaseSettings, HttpSettings, MaintenanceQueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, MaintenanceQueueSettings):
    """What collections_delete needs to know."""
