"""How API keys look to callers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from shared.domain.keys import KeyLimits

EXAMPLE: JsonDict = {
    "id": "6b1f0c9d2e4a8357",
    "description": "search box of the shop",
    "actions": ["documents:search"],
    "collections": ["products", "shop_*"],
    "readers": None,
    "limits": None,
    "created_at": "2026-11-29T10:00:00Z",
    "created_by": "admin",
    "expires_at": None,
    "revoked_at": None,
    "replaced_by": None,
    "last_used_at": None,
}


class KeyAnswer(BaseModel):
    """A key without its secret."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE]})

    id: str
    description: str
    actions: list[str]
    collections: list[str]
    readers: list[str] | None
    limits: KeyLimits | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None
