"""How exports look to callers."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from shared.database.rows import ExportRow
from shared.domain.exports import ExportState, expiry_of

ExportId = Annotated[str, Path(pattern="^[0-9a-f]{24}$", description="As exports_create answered.")]

_EXAMPLE: JsonDict = {
    "id": "019a2b3c4d5e0a1b2c3d4e5f",
    "state": "running",
    "vectors": False,
    "documents": 42000,
    "documents_total": 107525,
    "bytes": 16777216,
    "error_code": None,
    "error": None,
    "created_at": "2026-11-29T10:00:00Z",
    "updated_at": "2026-11-29T10:00:09Z",
    "finished_at": None,
    "expires_at": "2026-12-06T10:00:00Z",
}


class ExportAnswer(BaseModel):
    """An export. Its documents and compressed bytes are those that are stored until now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    state: ExportState
    vectors: bool
    documents: int
    documents_total: int = Field(description="As many as there were when it was asked for.")
    bytes: int
    error_code: str | None = Field(description="Why it failed, when it has.")
    error: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    expires_at: datetime = Field(description="Until then the bundle is kept.")

    @classmethod
    def of(cls, row: ExportRow) -> Self:
        return cls.model_validate({**row._asdict(), "expires_at": expiry_of(row.created_at)})
