from shared.config import EmbeddingSettings, HttpSettings
from shared.database.addresses import ReaderSettings
from shared.http.metering import MeterSettings


class Settings(HttpSettings, ReaderSettings, EmbeddingSettings, MeterSettings):
    """What documents_multi_search needs to know."""
