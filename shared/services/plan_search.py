"""From a request and what is known of its collection to the plan of a search."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.domain.boosts import Boost
from shared.domain.collection_settings import CollectionSettings, matching_pins
from shared.domain.facets import FacetPlan
from shared.domain.filters import Field, Filter
from shared.domain.query_words import ParsedQuery, WordPlan
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest
from shared.domain.sorting import BoostRule, DecayBoost, SaturationBoost, SortRule
from shared.querying.filters import parse_filter
from shared.querying.query_text import parse_query
from shared.querying.word_plan import plan_words
from shared.repositories.search_plan import SearchPlan
from shared.services.collection_snapshots import KnownCollection
from shared.services.time_budget import TimeBudget


class ReadRequest(NamedTuple):
    """What a request's texts say."""

    query: ParsedQuery
    tree: Filter | None
    facets: FacetPlan | None
    sort: tuple[SortRule, ...]
    group_by: Field | None
    boosts: tuple[BoostRule, ...]


def read_request(request: SearchRequest) -> ReadRequest:
    """Raises InvalidFilter, InvalidRequest."""
    return ReadRequest(
        query=parse_query(request.q),
        tree=None if request.filter is None else parse_filter(request.filter),
        facets=_facets(request),
        sort=_sort(request.sort),
        group_by=None if request.group_by is None else _field(request.group_by, "group_by"),
        boosts=tuple(_boost(boost) for boost in request.boosts),
    )


# A search without one of these starts faster for not loading what reads it.


def _facets(request: SearchRequest) -> FacetPlan | None:
    if not request.facets and request.facet_query is None:
        return None
    from shared.querying.facet_rules import parse_facets  # noqa: PLC0415

    return parse_facets(request.facets, limit=request.facet_limit, query=request.facet_query)


def _sort(texts: Sequence[str]) -> tuple[SortRule, ...]:
    if not texts:
        return ()
    from shared.querying.sort_rules import parse_sort  # noqa: PLC0415

    return parse_sort(texts)


def _field(text: str, where: str) -> Field:
    from shared.querying.field_names import parse_field  # noqa: PLC0415

    return parse_field(text, where)


def _boost(boost: Boost) -> BoostRule:
    field = _field(boost.field, "boosts")
    if boost.half is not None:
        return SaturationBoost(field, boost.weight, boost.half)
    assert boost.half_life_days is not None  # noqa: S101 - the model has one of both.
    return DecayBoost(field, boost.weight, boost.half_life_days)


class AskedSearch(NamedTuple):
    """A request, read; `vector` is of the collection's space."""

    request: SearchRequest
    read: ReadRequest
    vector: Sequence[float] | None


def plan_search(known: KnownCollection, asked: AskedSearch, budget: TimeBudget) -> SearchPlan:
    request, read, facts, settings = asked.request, asked.read, known.facts, known.settings
    query = read.query
    vector = asked.vector
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
        tree=read.tree,
        phrases=query.phrases,
        excluded=(*query.excluded_words, *query.excluded_phrases),
        typos=request.typos,
        prefix=request.prefix,
        title_weight=settings.field_weights.title,
        body_weight=settings.field_weights.body,
        pinned=pinned,
        hidden=hidden,
        gone=known.gone,
        facets=read.facets,
        sort=read.sort,
        group_by=read.group_by,
        group_size=request.group_size,
        boosts=read.boosts,
        cutoff_seconds=budget.seconds_left,
    )


def _words(
    asked: AskedSearch, settings: CollectionSettings, vector: Sequence[float] | None
) -> WordPlan | None:
    """None for a search by meaning, and for one that says at most what is not wanted."""
    by_meaning = asked.request.mode is SearchMode.SEMANTIC and vector is not None
    query = asked.read.query
    says_what_is_wanted = bool(query.words or query.phrases) or not query.parts
    wants_nothing = asked.request.wants_everything or not says_what_is_wanted
    return None if by_meaning or wants_nothing else plan_words(query, settings)
