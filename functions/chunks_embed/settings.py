from shared.config import (
    CacheSettings,
    DatabaseSettings,
    DocumentBudgetSettings,
    EmbeddingSettings,
    ProcessSettings,
)


class Settings(ProcessSettings, DatabaseSettings, CacheSettings, EmbeddingSettings, DocumentBudgetSettings):
    """What chunks_embed needs to know."""
