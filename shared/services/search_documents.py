"""Search one collection by words, by meaning, or by both."""

import time
from collections.abc import Sequence

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest, SearchResponse, Usage
from shared.embeddings.protocol import Embedder, Purpose
from shared.errors import (
    CollectionNotFound,
    EmbedderRejected,
    EmbedderUnavailable,
    EmbeddingSpaceMismatch,
)
from shared.observability import Event, Metric, describe_error, logger, measure
from shared.querying.filters import parse_filter
from shared.repositories.documents import start_metadata_fields
from shared.repositories.search import FoundDocument, SearchPlan, start_search
from shared.services.known_fields import refuse_unknown_fields
from shared.services.present_hits import present_hits

SEMANTIC = "semantic"


async def search_documents(
    database: Database,
    embedder: Embedder,
    principal: Principal,
    collection: str,
    request: SearchRequest,
) -> SearchResponse:
    """Raises CollectionNotFound, InvalidFilter, UnknownField, EmbeddingSpaceMismatch."""
    started = time.perf_counter()
    phases: dict[Metric, float] = {}
    tree = None if request.filter is None else parse_filter(request.filter)
    vector = None
    if request.mode is not SearchMode.KEYWORD:
        vector = await _embed_query(embedder, request.q)
        phases[Metric.SEARCH_EMBED_QUERY] = _milliseconds_since(started)
    mode = request.mode if vector is not None else SearchMode.KEYWORD
    plan = SearchPlan(
        collection=collection,
        keyword_text="" if mode is SearchMode.SEMANTIC else request.q,
        vector=vector,
        model=embedder.model,
        dimensions=embedder.dimensions,
        alpha=request.alpha,
        tree=tree,
        limit=request.limit,
        offset=request.offset,
        passages=request.passages,
        min_score=request.min_score,
        highlight=request.highlight,
        with_body="body" in request.include_fields,
    )
    asked = time.perf_counter()
    rows = await _find(database, principal, plan)
    phases[Metric.SEARCH_DATABASE] = _milliseconds_since(asked)
    if vector is not None and not rows[0].semantic_used:
        mode = _without_vectors(request.mode)
    response = _respond(request, plan, rows, mode, started)
    degraded = {Metric.SEARCH_DEGRADED: float(bool(response.degraded))}
    measure({**phases, Metric.SEARCH_TOTAL: response.took_ms, **degraded})
    return response


async def _find(database: Database, principal: Principal, plan: SearchPlan) -> list[FoundDocument]:
    # Read after the unit of work, so that its commit travels in the statements' own round trip.
    async with database.unit_of_work(principal) as unit:
        has_filter = plan.tree is not None
        pending_fields = await start_metadata_fields(unit, plan.collection) if has_filter else None
        pending_rows = await start_search(unit, plan)
    rows = await pending_rows.rows()
    if not rows:
        raise CollectionNotFound(details=[{"field": "collection", "message": f"no {plan.collection}"}])
    if plan.tree is not None and pending_fields is not None:
        refuse_unknown_fields(plan.tree, [field.name for field in await pending_fields.rows()])
    return rows


async def _embed_query(embedder: Embedder, text: str) -> Sequence[float] | None:
    """The query's vector, or None while the embedder cannot be used: words still can."""
    try:
        vectors = await embedder.embed([text], purpose=Purpose.QUERY)
    except (EmbedderUnavailable, EmbedderRejected) as error:
        logger().warning(Event.EMBEDDER_UNAVAILABLE, extra=describe_error(error.__cause__ or error))
        return None
    return vectors[0]


def _without_vectors(asked: SearchMode) -> SearchMode:
    if asked is SearchMode.SEMANTIC:
        raise EmbeddingSpaceMismatch
    return SearchMode.KEYWORD


def _respond(
    request: SearchRequest,
    plan: SearchPlan,
    rows: Sequence[FoundDocument],
    mode: SearchMode,
    started: float,
) -> SearchResponse:
    found, found_exact = rows[0].candidates_found, False
    if mode is SearchMode.KEYWORD and request.min_score == 0:
        found, found_exact = rows[0].keyword_found, True
    hits, next_offset = present_hits(request, rows)
    return SearchResponse(
        hits=hits,
        found=found,
        found_exact=found_exact,
        next_offset=next_offset,
        mode=mode,
        degraded=[] if mode is request.mode else [SEMANTIC],
        took_ms=round(_milliseconds_since(started), 2),
        usage=Usage(embedded_queries=0 if plan.vector is None else 1),
    )


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
