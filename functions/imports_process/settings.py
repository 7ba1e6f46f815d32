from shared.config import (
    CacheSettings,
    DatabaseSettings,
    ProcessSettings,
    StorageSettings,
    WriteQueueSettings,
)


class Settings(ProcessSettings, DatabaseSettings, CacheSettings, WriteQueueSettings, StorageSettings):
    """What imports_process needs to know."""
