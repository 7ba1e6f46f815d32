from shared.config import (
    CacheSettings,
    DatabaseSettings,
    FetchQueueSettings,
    ProcessSettings,
    StorageSettings,
    WriteQueueSettings,
)


class Settings(
    ProcessSettings, DatabaseSettings, CacheSettings, WriteQueueSettings, FetchQueueSettings, StorageSettings
):
    """What sources_store needs to know."""
