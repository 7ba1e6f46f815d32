from shared.config import CacheSettings, DatabaseSettings, HttpSettings, WriteQueueSettings
from shared.http.metering import MeterSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, WriteQueueSettings, MeterSettings):
    """What documents_upsert needs to know."""
