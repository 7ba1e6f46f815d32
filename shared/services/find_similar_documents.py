"""Documents that are like a given one: by the mean of its vectors or, until it has them, by its words."""

import json
from collections.abc import Sequence

from shared.database.connections import ask_reader
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.query_words import WordPlan
from shared.domain.ranking import SearchMode
from shared.domain.search import SearchRequest, SearchResponse
from shared.domain.similar import SimilarRequest
from shared.domain.usage import Usage
from shared.errors import DocumentNotFound
from shared.querying.filters import parse_filter
from shared.repositories.search import ModelDocument, start_model_document
from shared.repositories.search_plan import SearchPlan
from shared.services.collection_snapshots import KnownCollection, forget_collection, recall_collection
from shared.services.gone_documents import show_passing
from shared.services.present_hits import present_hits
from shared.services.run_search import run_search
from shared.services.time_budget import TimeBudget

SEMANTIC = "semantic"
# What a text is about stands at its beginning.
_MOST_WORDS = 64


async def find_similar_documents(
    database: Database, principal: Principal, collection: str, document_id: str, request: SimilarRequest
) -> SearchResponse:
    """Raises CollectionNotFound, DocumentNotFound, InvalidFilter, UnknownField."""
    return await ask_reader(
        database, principal, lambda asked: _find_similar(asked, principal, collection, document_id, request)
    )


async def _find_similar(
    database: Database, principal: Principal, collection: str, document_id: str, request: SimilarRequest
) -> SearchResponse:
    budget = TimeBudget.of(None)
    tree = None if request.filter is None else parse_filter(request.filter)
    search = SearchRequest(
        q=document_id, mode=SearchMode.SEMANTIC, highlight=False, **request.model_dump(exclude={"filter"})
    )
    model = await _read_model(database, principal, collection, document_id)
    vector: Sequence[float] | None = None if model.vector is None else json.loads(model.vector)

    async def plan_for(known: KnownCollection) -> SearchPlan:
        return SearchPlan(
            facts=known.facts,
            words=_words(model) if vector is None else None,
            vector=vector,
            alpha=search.alpha,
            fusion=search.fusion,
            limit=search.limit,
            offset=search.offset,
            passages=search.passages,
            min_score=search.min_score,
            highlight=False,
            with_body="body" in search.include_fields,
            tree=tree,
            typos=False,
            prefix=False,
            hidden=[document_id],
            gone=known.gone,
        )

    _, rows = await run_search(database, principal, collection, plan_for)
    hits, next_offset = present_hits(search, rows, {})
    return SearchResponse(
        hits=hits,
        found=rows[0].candidates_found,
        found_exact=False,
        next_offset=next_offset,
        mode=SearchMode.KEYWORD if vector is None else SearchMode.SEMANTIC,
        degraded=[SEMANTIC] if vector is None else [],
        took_ms=round(budget.spent_ms, 2),
        usage=Usage(searches=1),
    )


async def _read_model(
    database: Database, principal: Principal, collection: str, document_id: str
) -> ModelDocument:
    # Twice, as what is remembered may be of a collection that has been deleted since and made anew.
    for _ in range(2):
        known = await recall_collection(database, principal, collection)
        async with database.unit_of_work(principal) as unit:
            await show_passing(unit, principal, collection)
            pending = await start_model_document(unit, known.facts, document_id, known.gone)
        model = await pending.row()
        if model is not None:
            return model
        forget_collection(database, collection)
    raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])


def _words(model: ModelDocument) -> WordPlan:
    texts = model.text.split()[:_MOST_WORDS]
    return WordPlan(
        groups=list(range(len(texts))),
        alternatives=[0] * len(texts),
        weights=[1.0] * len(texts),
        texts=texts,
        expandable=[False] * len(texts),
        prefix_group=None,
    )
