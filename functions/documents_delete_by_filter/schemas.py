from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.documents import Text
from shared.domain.search import MAX_FILTER_CHARACTERS


class DeleteRequest(BaseModel):
    """Which documents to delete."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"filter": "year < 2020"}]})

    filter: Annotated[Text, Field(max_length=MAX_FILTER_CHARACTERS)]


class DeleteAnswer(BaseModel):
    """How many documents went."""

    deleted: int
    complete: bool = Field(description="False when time ran out first: the same call goes on.")
