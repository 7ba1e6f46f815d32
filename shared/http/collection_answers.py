"""How collections look to callers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from shared.domain.chunks import Chunking
from shared.domain.embedding_spaces import OwnSpace

EXAMPLE: JsonDict = {
    "name": "guides",
    "language": "english",
    "chunking": "headings",
    "embedding_template": ["title", "headings", "text"],
    "model": "all-MiniLM-L6-v2",
    "dimensions": 384,
    "created_at": "2026-11-23T10:00:00Z",
    "updated_at": "2026-11-23T10:00:00Z",
    "documents": 120,
    "chunks": 640,
    "pending": 3,
    "failed": 0,
    "ttl_seconds": None,
    "max_documents": None,
    "embedding": None,
}


class CollectionAnswer(BaseModel):
    """A collection; `pending` and `failed` count documents that lack vectors."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    name: str
    language: str
    chunking: Chunking
    embedding_template: list[str]
    model: str = Field(description="The model its vectors are made by.")
    dimensions: int
    created_at: datetime
    updated_at: datetime
    documents: int
    chunks: int
    pending: int
    failed: int
    ttl_seconds: int | None = Field(description="How long documents without a time of their own live.")
    max_documents: int | None = Field(description="How many documents it may have; null is any number.")
    embedding: OwnSpace | None = Field(
        description="Set when its vectors come with its documents, and nothing of it is embedded."
    )
