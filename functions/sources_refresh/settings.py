from shared.config import DatabaseSettings, FetchQueueSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings, FetchQueueSettings):
    """What sources_refresh needs to know."""
