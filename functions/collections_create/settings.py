from shared.config import CacheSettings, DatabaseSettings, EmbeddingSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, CacheSettings, EmbeddingSettings):
    """What collections_create needs to know."""
