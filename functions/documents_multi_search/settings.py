from shared.config import DatabaseSettings, EmbeddingSettings, HttpSettings


class Settings(HttpSettings, DatabaseSettings, EmbeddingSettings):
    """What documents_multi_search needs to know."""
