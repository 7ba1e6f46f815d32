from pydantic import BaseModel, Field


class SourceDeleted(BaseModel):
    """How far a source is deleted."""

    deleted: int = Field(description="Documents deleted by this call.")
    complete: bool = Field(description="Whether the source is gone; if not, the same call goes on.")
