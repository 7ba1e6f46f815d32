from shared.config import CacheSettings, DatabaseSettings, HttpSettings, MaintenanceQueueSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, MaintenanceQueueSettings):
    """What documents_delete_by_filter needs to know."""
