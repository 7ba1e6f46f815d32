from shared.config import CacheSettings, HttpSettings
from shared.database.addresses import ReaderSettings
from shared.http.metering import MeterSettings


class Settings(HttpSettings, ReaderSettings, CacheSettings, MeterSettings):
    """What documents_similar needs to know."""
