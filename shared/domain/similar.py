"""What documents are like a given one, as it is asked."""

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.filters import FilterText
from shared.domain.search import DEFAULT_FIELDS, DocumentField


class SimilarRequest(BaseModel):
    """Which of the documents that are like one to show, and how much of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: FilterText | None = Field(
        default=None,
        description="Metadata conditions, such as `year >= 2020 AND NOT draft = true`.",
    )
    limit: int = Field(default=10, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=900)
    min_score: float = Field(
        default=0, ge=0, le=1, description="Leave out hits below this score, which is from 0 to 1."
    )
    passages: int = Field(default=1, ge=0, le=10, description="Passages to show per hit, at most.")
    include_fields: tuple[DocumentField, ...] = Field(
        default=DEFAULT_FIELDS,
        description="The document's fields to return; `body` only on request.",
    )
    explain: bool = Field(default=False, description="Show what each hit's score is made of.")
