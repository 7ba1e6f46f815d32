"""Search one collection by words, by meaning, or by both."""

import asyncio
from collections.abc import Sequence

from shared.chunking.token_estimate import estimate_tokens
from shared.database.connections import ask_reader
from shared.database.units_of_work import Database
from shared.domain.embedding_spaces import refuse_dimensions
from shared.domain.principals import Principal
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest, SearchResponse
from shared.domain.usage import Usage
from shared.embeddings.model_change import embedder_for
from shared.embeddings.protocol import Embedder, Purpose
from shared.errors import EmbedderRejected, EmbedderUnavailable, EmbeddingSpaceMismatch, InvalidRequest
from shared.observability import Event, Metric, describe_error, logger, measure
from shared.repositories.search_plan import CollectionFacts, FoundDocument, SearchPlan
from shared.services.collection_snapshots import KnownCollection
from shared.services.mark_sentences import nearest_sentences
from shared.services.plan_search import AskedSearch, ReadRequest, plan_search, read_request
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
    """Raises CollectionNotFound, InvalidFilter, InvalidRequest, UnknownField, NotFound,
    EmbeddingSpaceMismatch.
    """
    budget = TimeBudget.of(request.cutoff_ms)
    query = _Query(embedder, request, read_request(request), budget)
    plan, rows = await ask_reader(
        database,
        principal,
        lambda asked: run_search(
            asked, principal, collection, query.plan_for, of_other_space=request.space == "other"
        ),
        strong=request.consistency == "strong",
    )
    phases = dict(query.phases)
    phases[Metric.SEARCH_DATABASE] = budget.spent_ms - sum(phases.values())
    sentences = await nearest_sentences(query.embedder, plan.vector, rows, budget.seconds_left)
    response = _respond(request, plan, rows, sentences, budget, query.usage)
    if query.is_cut and CUTOFF not in response.degraded:
        response.degraded.append(CUTOFF)
    degraded = {Metric.SEARCH_DEGRADED: float(bool(response.degraded))}
    measure({**phases, Metric.SEARCH_TOTAL: response.took_ms, **degraded})
    return response


class _Query:
    """A request whose vector is made once it is known in which space it is to be."""

    def __init__(
        self, embedder: Embedder, request: SearchRequest, read: ReadRequest, budget: TimeBudget
    ) -> None:
        # Of the collection's space, if there is one.
        self.embedder: Embedder | None = None
        # Whether the time for meaning was not enough.
        self.is_cut = False
        self.phases: dict[Metric, float] = {}
        self.usage = Usage(searches=1)
        self._every_embedder = embedder
        self._request = request
        self._read = read
        self._budget = budget
        self._vectors: dict[Embedder, Sequence[float] | None] = {}

    async def plan_for(self, known: KnownCollection) -> SearchPlan:
        """Raises EmbeddingSpaceMismatch for a search by meaning alone in a space without a model."""
        given = self._request.vector
        if given is not None:
            vector: Sequence[float] | None = self._given(given, known.facts)
        else:
            vector = await self._vector(known.facts) if self._asks_for_meaning() else None
        return plan_search(known, AskedSearch(self._request, self._read, vector), self._budget)

    def _given(self, vector: tuple[float, ...], facts: CollectionFacts) -> Sequence[float]:
        """The request's vector. Raises InvalidRequest for one of other dimensions than the collection's."""
        try:
            refuse_dimensions(vector, facts.dimensions)
        except ValueError as error:
            raise InvalidRequest(details=[{"field": "vector", "message": str(error)}]) from None
        self.embedder = embedder_for(self._every_embedder, facts.model, facts.dimensions)
        return vector

    def _asks_for_meaning(self) -> bool:
        request = self._request
        by_meaning = request.mode is not SearchMode.KEYWORD and not request.wants_everything
        return by_meaning and bool(self._read.query.semantic_text)

    async def _vector(self, facts: CollectionFacts) -> Sequence[float] | None:
        embedder = embedder_for(self._every_embedder, facts.model, facts.dimensions)
        if embedder is None:
            if self._request.mode is SearchMode.SEMANTIC:
                raise EmbeddingSpaceMismatch(
                    details=[{"field": "vector", "message": f"is needed in the space of {facts.model}"}]
                )
            return None
        self.embedder = embedder
        if embedder not in self._vectors:
            before = self._budget.spent_ms
            vector = await _embed_query(embedder, self._read.query.semantic_text, self._budget)
            self.is_cut = vector is None and self._budget.has_spent(_SHARE_FOR_MEANING)
            self._vectors[embedder] = vector
            if vector is not None:
                tokens = estimate_tokens(self._read.query.semantic_text)
                self.usage = self.usage.plus(Usage(embedded_queries=1, embedded_tokens=tokens))
            self.phases[Metric.SEARCH_EMBED_QUERY] = self._budget.spent_ms - before
        return self._vectors[embedder]


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
    usage: Usage,
) -> SearchResponse:
    first = rows[0]
    mode = request.mode if plan.vector is not None or plan.words is None else SearchMode.KEYWORD
    degraded = [] if mode is request.mode else [SEMANTIC]
    if request.is_by_vector_alone:
        mode = SearchMode.SEMANTIC
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
        usage=usage,
    )
