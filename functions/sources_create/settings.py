from shared.config import DatabaseSettings, FetchQueueSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, FetchQueueSettings):
    """What sources_create needs to know."""
