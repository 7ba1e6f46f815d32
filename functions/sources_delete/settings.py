from shared.config import CacheSettings, DatabaseSettings, HttpSettings, MaintenanceQueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, MaintenanceQueueSettings):
    """What sources_delete needs to know."""
