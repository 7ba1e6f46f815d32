"""From a request and what is known of its collection to the plan of a search."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.collection_settings import CollectionSettings, matching_pins
from shared.domain.filters import Filter
from shared.domain.query_words import ParsedQuery, WordPlan
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.errors import EmbeddingSpaceMismatch
from shared.querying.word_plan import plan_words
from shared.repositories.search_plan import SearchPlan
from shared.services.collection_snapshots import KnownCollection
from shared.services.time_budget import TimeBudget


class AskedSearch(NamedTuple):
    """A request, read; `vector` is of the space of `model` and `dimensions`."""

    request: SearchRequest
    query: ParsedQuery
    tree: Filter | None
    vector: Sequence[float] | None
    model: str
    dimensions: int


def plan_search(known: KnownCollection, asked: AskedSearch, budget: TimeBudget) -> SearchPlan:
    """Raises EmbeddingSpaceMismatch when there is nothing to search with but a vector of another space."""
    request, query, facts, settings = asked.request, asked.query, known.facts, known.settings
    vector = asked.vector
    if (facts.model, facts.dimensions) != (asked.model, asked.dimensions):
        vector = None
        if asked.vector is not None and request.mode is SearchMode.SEMANTIC:
            raise EmbeddingSpaceMismatch
    pinned, hidden = matching_pins(settings, query.semantic_text)
    return SearchPlan(
        facts=facts,
        words=_words(asked, settings, vector),
        vector=vector,
        alpha=request.alpha,
        fusion=request.fusion,
        limit=request.limit,
        offset=request.offset,
        passages=request.passages,
        min_score=request.min_score,
        highlight=request.highlight,
        with_body="body" in request.include_fields,
        tree=asked.tree,
        phrases=query.phrases,
        excluded=(*query.excluded_words, *query.excluded_phrases),
        typos=request.typos,
        prefix=request.prefix,
        title_weight=settings.field_weights.title,
        body_weight=settings.field_weights.body,
        pinned=pinned,
        hidden=hidden,
        cutoff_seconds=budget.seconds_left,
    )


def _words(
    asked: AskedSearch, settings: CollectionSettings, vector: Sequence[float] | None
) -> WordPlan | None:
    """None for a search by meaning, and for one that says at most what is not wanted."""
    by_meaning = asked.request.mode is SearchMode.SEMANTIC and vector is not None
    wants_nothing = not asked.request.q.strip() or (
        bool(asked.query.parts) and not (asked.query.words or asked.query.phrases)
    )
    return None if by_meaning or wants_nothing else plan_words(asked.query, settings)
