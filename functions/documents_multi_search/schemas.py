"""Several searches in, one outcome for each out."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.names import CollectionName
from shared.domain.search import SearchRequest, SearchResponse
from shared.domain.usage import Usage
from shared.errors import ConcordError
from shared.http.errors_schema import ErrorDetail
from shared.http.responses import error_detail

MOST_SEARCHES = 20


class CollectionSearch(SearchRequest):
    """A search, and the collection to search."""

    collection: CollectionName

    @property
    def request(self) -> SearchRequest:
        return SearchRequest.model_construct(
            **{name: getattr(self, name) for name in SearchRequest.model_fields}
        )


class MultiSearchRequest(BaseModel):
    """Searches that do not depend on each other."""

    model_config = ConfigDict(extra="forbid")

    searches: list[CollectionSearch] = Field(min_length=1, max_length=MOST_SEARCHES)


class SearchOutcome(BaseModel):
    """What became of one search: its response, or the error that kept it from one."""

    index: int = Field(description="Its place in the request, from 0.")
    response: SearchResponse | None = None
    error: ErrorDetail | None = None


class MultiSearchAnswer(BaseModel):
    """One outcome per search, in the request's order."""

    items: list[SearchOutcome]
    errors: int = Field(description="How many searches failed.")
    usage: Usage = Field(description="Of all searches together.")


def answer_of(outcomes: Sequence[SearchResponse | ConcordError]) -> MultiSearchAnswer:
    items = [_outcome(index, outcome) for index, outcome in enumerate(outcomes)]
    usage = Usage()
    for item in items:
        usage = usage if item.response is None else usage.plus(item.response.usage)
    return MultiSearchAnswer(items=items, errors=sum(item.error is not None for item in items), usage=usage)


def _outcome(index: int, outcome: SearchResponse | ConcordError) -> SearchOutcome:
    if isinstance(outcome, SearchResponse):
        return SearchOutcome(index=index, response=outcome)
    return SearchOutcome(index=index, error=error_detail(outcome))
