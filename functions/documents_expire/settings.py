from shared.config import CacheSettings, DatabaseSettings, MaintenanceQueueSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings, CacheSettings, MaintenanceQueueSettings):
    """What documents_expire needs to know."""
