from shared.config import CacheSettings, DatabaseSettings, EmbeddingSettings, ProcessSettings


class Settings(ProcessSettings, DatabaseSettings, CacheSettings, EmbeddingSettings):
    """What chunks_embed needs to know."""
