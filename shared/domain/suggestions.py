"""What a search may become while it is typed."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.domain.texts import storable_text
from shared.domain.usage import Metered


def _says_something(text: str) -> str:
    if not text.strip():
        raise ValueError("must contain something to go on with")
    return storable_text(text)


class SuggestRequest(BaseModel):
    """What has been typed so far."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Annotated[str, Field(max_length=1_000), AfterValidator(_says_something)]
    limit: int = Field(default=10, ge=1, le=50, description="Suggestions, at most.")


class Suggestion(BaseModel):
    text: str
    highlight: str = Field(description="The text as safe HTML, with what was not typed inside <mark>.")
    documents: int = Field(description="Documents with the last word beside those before it.")


class SuggestedDocument(BaseModel):
    id: str
    title: str | None
    url: str | None


class Suggestions(Metered):
    """Queries, likeliest first, and documents that what was typed finds so far."""

    suggestions: list[Suggestion]
    documents: list[SuggestedDocument]
    took_ms: float
