"""How documents look to callers."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.database.rows import EmbeddingState


class DocumentAnswer(BaseModel):
    """A document. It is found by words at once, by meaning when `embedding_state` is ready."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "guide:settings",
                    "title": "Settings",
                    "body": "# Settings\n\nEvery setting is an environment variable.",
                    "url": "https://example.com/settings",
                    "metadata": {"year": 2026, "tags": ["guide"]},
                    "page_starts": [0, 27],
                    "created_at": "2026-11-23T10:00:00Z",
                    "updated_at": "2026-11-23T10:00:00Z",
                    "expires_at": None,
                    "expires_by_ttl": False,
                    "readers": None,
                    "embedding_state": "ready",
                    "embedding_error": None,
                }
            ]
        },
    )

    id: str
    title: str | None
    body: str
    url: str | None
    metadata: dict[str, Any]
    page_starts: list[int] = Field(description="Where its pages start in the body; empty when it has none.")
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = Field(description="When it is deleted, if ever.")
    expires_by_ttl: bool = Field(
        description="Whether that came of the collection's `ttl_seconds`, and moves on with the next write."
    )
    readers: list[str] | None = Field(
        description="Who alone finds it, for callers who see every document; null is everybody."
    )
    embedding_state: EmbeddingState
    embedding_error: str | None = Field(description="Why embedding failed, when it has, or waits.")
