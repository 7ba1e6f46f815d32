"""The search statement: one round trip from words and a vector to a page of hits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.statements import SqlFile, Statement
from shared.database.units_of_work import Pending, UnitOfWork
from shared.domain import ranking
from shared.domain.filters import Filter
from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.repositories.embedding_jobs import vector_text
from shared.repositories.filters import filter_sql

SQL = SqlFile("shared.repositories.sql", "search")


class SearchPlan(NamedTuple):
    """What to look for. An empty `keyword_text` or no `vector` leaves that ranking out."""

    collection: str
    keyword_text: str
    vector: Sequence[float] | None
    # The embedding space the vector is of.
    model: str
    dimensions: int
    alpha: float
    tree: Filter | None
    limit: int
    offset: int
    passages: int
    min_score: float
    highlight: bool
    with_body: bool


class FoundDocument(NamedTuple):
    """A hit, or a single row without one (`id` is None) that still tells the counts."""

    # Whether the vector was of the collection's embedding space.
    semantic_used: bool
    # The share of meaning in the scores, after what could not be used.
    alpha: float
    # Whether vectors were compared one by one rather than through the index.
    exact: bool
    keyword_found: int
    candidates_found: int
    id: str | None
    title: str | None
    url: str | None
    metadata: dict[str, Any] | None
    created_at: datetime | None
    updated_at: datetime | None
    body: str | None
    score: float | None
    keyword: float | None
    semantic: float | None
    passages: list[dict[str, Any]] | None


async def start_search(unit: UnitOfWork, plan: SearchPlan) -> Pending[FoundDocument]:
    """The page's hits, best first; no row at all when there is no such collection."""
    statement, parameters = _compose(plan)
    if plan.vector is not None:
        await unit.send(
            SQL["widen_vector_scan"],
            ef_search=str(ranking.HNSW_WIDTH),
            max_scanned=str(ranking.HNSW_MAX_SCANNED),
        )
    reaches_far = plan.offset + plan.limit > ranking.FIRST_CANDIDATES
    return await unit.start(
        statement,
        FoundDocument,
        collection=plan.collection,
        keyword_text=plan.keyword_text,
        vector=None if plan.vector is None else vector_text(plan.vector),
        model=plan.model,
        alpha=plan.alpha,
        limit=plan.limit,
        offset=plan.offset,
        passages=plan.passages,
        min_score=plan.min_score,
        highlight=plan.highlight,
        with_body=plan.with_body,
        candidates=ranking.LATE_CANDIDATES if reaches_far else ranking.FIRST_CANDIDATES,
        first_candidates=ranking.FIRST_CANDIDATES,
        indexed_chunks=ranking.INDEXED_CHUNKS,
        exact_chunks=ranking.EXACT_CHUNKS,
        room=MAX_REQUEST_BYTES,
        **parameters,
    )


def _compose(plan: SearchPlan) -> tuple[Statement, dict[str, Any]]:
    statement = SQL["search_documents"].with_slot("dimensions", str(plan.dimensions))
    if plan.tree is None:
        return statement, {}
    condition = filter_sql(plan.tree)
    allowed = SQL["fragment_allowed"].with_slot("filter", condition.text)
    statement = (
        statement.with_slot("allowed", allowed.text)
        .with_slot("keyword_filter", SQL["fragment_keyword_filter"].text)
        .with_slot("vector_filter", SQL["fragment_vector_filter"].text)
        .with_slot("few_allowed", SQL["fragment_few_allowed"].text)
    )
    return statement, {**condition.parameters, "few_documents": ranking.FEW_DOCUMENTS}
