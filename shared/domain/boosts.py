"""Boosts as they are asked for."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.domain.texts import storable_text


class Boost(BaseModel):
    """A field that raises scores: `(score + weight * boost) / (1 + weight)`, with a boost from 0 to 1.

    With `half`, a number x counts x / (x + half). With `half_life_days`, a date counts half for each
    half-life that it is ago.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable_text)]
    weight: float = Field(default=0.2, ge=0.001, le=10)
    half: float | None = Field(default=None, gt=0, le=1e15)
    half_life_days: float | None = Field(default=None, gt=0, le=1e6)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.half is None) == (self.half_life_days is None):
            raise ValueError("name either half or half_life_days")
        return self
