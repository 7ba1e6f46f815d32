from shared.config import DatabaseSettings, EmbeddingSettings, HttpSettings, QueueSettings


class Settings(HttpSettings, DatabaseSettings, EmbeddingSettings, QueueSettings):
    """What embeddings_change needs to know."""
