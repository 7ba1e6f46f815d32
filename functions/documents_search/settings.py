from shared.config import CacheSettings, DatabaseSettings, EmbeddingSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, EmbeddingSettings):
    """What documents_search needs to know."""
