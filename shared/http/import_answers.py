"""How imports look to callers."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from shared.domain.imports import DirtyPolicy, ImportFormat, ImportState

ImportId = Annotated[str, Path(pattern="^[0-9a-f]{24}$", description="As imports_create answered.")]

_EXAMPLE: JsonDict = {
    "id": "019a2b3c4d5e0a1b2c3d4e5f",
    "format": "ndjson",
    "state": "running",
    "name": "products.ndjson",
    "policy": "reject",
    "dry_run": False,
    "id_field": None,
    "created": 4210,
    "updated": 12,
    "unchanged": 0,
    "failed": 3,
    "lines": 4225,
    "bytes_read": 1048576,
    "bytes_total": 8388608,
    "error_code": None,
    "error": None,
    "created_at": "2026-11-28T10:00:00Z",
    "updated_at": "2026-11-28T10:00:02Z",
    "finished_at": None,
}


class ImportAnswer(BaseModel):
    """An import. Its counts are of items; what they count is stored, and found by words."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    format: ImportFormat
    state: ImportState
    name: str
    policy: DirtyPolicy
    dry_run: bool
    id_field: str | None
    created: int
    updated: int
    unchanged: int
    failed: int
    lines: int
    bytes_read: int
    bytes_total: int | None = Field(description="None until the bytes are there or their number was told.")
    error_code: str | None = Field(description="Why the import as a whole failed, when it has.")
    error: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
