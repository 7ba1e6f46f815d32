from pydantic import BaseModel, ConfigDict, Field

from shared.domain.filters import FilterText


class DeleteRequest(BaseModel):
    """Which documents to delete."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"filter": "year < 2020"}]})

    filter: FilterText


class DeleteAnswer(BaseModel):
    """How many documents went."""

    deleted: int
    complete: bool = Field(description="False when time ran out first: the same call goes on.")
