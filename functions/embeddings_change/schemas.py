from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.embedding_spaces import EmbeddingSpace, WantedChange
from shared.http.embedding_answers import EmbeddingAnswer
from shared.repositories.embedding_changes import FoundChange
from shared.services.change_embedding import ChangePlan as ServicePlan


class ChangeRequest(BaseModel):
    """The model to change to, which the deployment must have; for a dry run it may be any."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"model": "text-embedding-3-small", "dimensions": 1536, "dry_run": True}]
        },
    )

    model: str = Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
    dimensions: int = Field(ge=1, le=4000)
    dry_run: bool = Field(default=False, description="Only estimate what it costs, and begin nothing.")
    rate: float | None = Field(default=None, ge=0.01, le=100_000, description="Chunks per second at most.")
    price: float | None = Field(
        default=None, ge=0, le=1_000, description="Dollars per million tokens, where they are not known."
    )

    def wanted(self) -> WantedChange:
        space = EmbeddingSpace(self.model, self.dimensions)
        return WantedChange(space, dry_run=self.dry_run, rate=self.rate, price=self.price)


class ChangePlan(BaseModel):
    """What a change would embed, cost and take; dollars are null where the price is not known."""

    model_config = ConfigDict(from_attributes=True)

    model: str
    dimensions: int
    documents: int
    chunks: int
    tokens: int = Field(description="Estimated from a sample.")
    dollars_per_million_tokens: float | None
    prices_of: str | None = Field(description="When the list of known prices was made.")
    dollars: float | None
    chunks_per_second: float
    minutes: float


class ChangeAnswer(BaseModel):
    """The plan of a dry run, or null, and the embedding as it is now."""

    plan: ChangePlan | None
    embedding: EmbeddingAnswer

    @classmethod
    def of(cls, plan: ServicePlan | None, found: FoundChange) -> Self:
        planned = None if plan is None else ChangePlan.model_validate(plan)
        return cls(plan=planned, embedding=EmbeddingAnswer.of(found))
