from shared.config import CacheSettings, EmbeddingSettings, HttpSettings
from shared.database.addresses import ReaderSettings
from shared.http.metering import MeterSettings


class Settings(HttpSettings, ReaderSettings, CacheSettings, EmbeddingSettings, MeterSettings):
    """What documents_search needs to know."""
