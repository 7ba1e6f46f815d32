"""Search one collection by words, by meaning, or by both."""

import asyncio
from collections.abc import Sequence

from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest, SearchResponse, Usage
from shared.embeddings.protocol import Embedder, Purpose
from shared.errors import (
    EmbedderRejected,
    EmbedderUnavailable,
)
from shared.observability import Event, Metric, describe_error, logger, measure
from shared.repositories.search_plan import FoundDocument, SearchPlan
from shared.services.mark_sentences import nearest_sentences
from shared.services.plan_search import AskedSearch, plan_search, read_request
from shared.services.present_hits import Sentences, present_hits
from shared.services.run_search import run_search
from shared.services.time_budget import TimeBudget

SEMANTIC, CUTOFF = "semantic", "cutoff"
# Of a time budget, what meaning may take before the words go without it.
_SHARE_FOR_MEANING = 0.5


async def search_documents(
    database: Database,
    embedder: Embedder,
    principal: Principal,
    collection: str,
    request: SearchRequest,
) -> SearchResponse:
    """Raises CollectionNotFound, InvalidFilter, InvalidRequest, UnknownField, EmbeddingSpaceMismatch."""
    budget = TimeBudget.of(request.cutoff_ms)
    read = read_request(request)
    vector, is_cut = None, False
    phases: dict[Metric, float] = {}
    by_meaning = request.mode is not SearchMode.KEYWORD and not request.wants_everything
    if by_meaning and read.query.semantic_text:
        vector = await _embed_query(embedder, read.query.semantic_text, budget)
        is_cut = vector is None and budget.has_spent(_SHARE_FOR_MEANING)
        phases[Metric.SEARCH_EMBED_QUERY] = budget.spent_ms
    asked = AskedSearch(request, read, vector, embedder.model, embedder.dimensions)
    plan, rows = await run_search(
        database, principal, collection, lambda known: plan_search(known, asked, budget)
    )
    phases[Metric.SEARCH_DATABASE] = budget.spent_ms - sum(phases.values())
    sentences = await nearest_sentences(embedder, plan.vector, rows, budget.seconds_left)
    response = _respond(request, plan, rows, sentences, budget)
    if is_cut and CUTOFF not in response.degraded:
        response.degraded.append(CUTOFF)
    degraded = {Metric.SEARCH_DEGRADED: float(bool(response.degraded))}
    measure({**phases, Metric.SEARCH_TOTAL: response.took_ms, **degraded})
    return response


async def _embed_query(embedder: Embedder, text: str, budget: TimeBudget) -> Sequence[float] | None:
    """The query's vector, or None while the embedder cannot be used or takes too long: words still can."""
    try:
        async with asyncio.timeout(budget.seconds_for(_SHARE_FOR_MEANING)):
            vectors = await embedder.embed([text], purpose=Purpose.QUERY)
    except (EmbedderUnavailable, EmbedderRejected) as error:
        logger().warning(Event.EMBEDDER_UNAVAILABLE, extra=describe_error(error.__cause__ or error))
        return None
    except TimeoutError:
        return None
    return vectors[0]


def _respond(
    request: SearchRequest,
    plan: SearchPlan,
    rows: Sequence[FoundDocument],
    sentences: Sentences,
    budget: TimeBudget,
) -> SearchResponse:
    first = rows[0]
    mode = request.mode if plan.vector is not None or plan.words is None else SearchMode.KEYWORD
    degraded = [] if mode is request.mode else [SEMANTIC]
    if first.cut_off:
        degraded.append(CUTOFF)
    found, found_exact = first.candidates_found, plan.words is None and plan.vector is None
    if (
        mode is SearchMode.KEYWORD
        and request.min_score == 0
        and first.keyword_found is not None
        and plan.words
    ):
        found, found_exact = first.keyword_found, first.complete and not first.cut_off
    hits, next_offset = present_hits(request, rows, sentences)
    return SearchResponse(
        hits=hits,
        found=found,
        found_exact=found_exact,
        facets=first.facets or {},
        next_offset=next_offset,
        mode=mode,
        degraded=degraded,
        took_ms=round(budget.spent_ms, 2),
        usage=Usage(embedded_queries=0 if plan.vector is None else 1),
    )
