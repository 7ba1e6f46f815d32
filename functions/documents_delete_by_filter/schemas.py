from pydantic import BaseModel, ConfigDict, Field

from shared.domain.filters import FilterText


class DeleteRequest(BaseModel):
    """Which documents to delete."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"filter": "year < 2020"}]})

    filter: FilterText
    dry_run: bool = Field(default=False, description="Only count.")


class DeleteAnswer(BaseModel):
    """How many documents went or, in a dry run, would go."""

    model_config = ConfigDict(from_attributes=True)

    deleted: int
    exact: bool = Field(
        description="False when not all could be counted in time, and `deleted` is an estimate. Gone are all."
    )
    purged: bool = Field(
        description="False while they are in no answer, but not yet removed, which takes minutes of many."
    )
