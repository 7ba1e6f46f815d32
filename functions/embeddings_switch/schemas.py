from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SwitchRequest(BaseModel):
    """Which of the two models is to serve."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"to": "new"}]})

    to: Literal["new", "old"] = Field(description="`old` goes back, at once.")
