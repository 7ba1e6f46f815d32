"""How aliases look to callers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class AliasAnswer(BaseModel):
    """Another name, and the collection that it stands for."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "alias": "guides",
                    "collection": "guides_v2",
                    "created_at": "2026-11-23T10:00:00Z",
                    "updated_at": "2026-11-28T10:00:00Z",
                }
            ]
        },
    )

    alias: str
    collection: str
    created_at: datetime
    updated_at: datetime
