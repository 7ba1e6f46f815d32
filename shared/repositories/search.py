"""The search statement: one round trip from words and a vector to a page of hits."""

import json
from typing import Any, NamedTuple, Self

from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.domain import ranking
from shared.domain.deletions import Gone
from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.repositories.bound_sql import BoundSql
from shared.repositories.embedding_jobs import vector_text
from shared.repositories.filters import shown_sql
from shared.repositories.search_conditions import Conditions, conditions_of
from shared.repositories.search_plan import CollectionFacts, FoundDocument, SearchPlan
from shared.repositories.search_text import SearchShape, search_statement

SQL = SqlFile("shared.repositories.sql", "search")
# A word that nobody has typed, for searches without words.
_NO_WORDS: dict[str, list[Any]] = {
    "word_groups": [],
    "alternatives": [],
    "weights": [],
    "texts": [],
    "expandable": [],
}


async def start_facts(unit: UnitOfWork, name: str, *, of_other_space: bool) -> Pending[CollectionFacts]:
    """What is known of the collection of that name; no row when there is none, or no such space."""
    return await unit.start(SQL["find_facts"], CollectionFacts, name=name, of_other_space=of_other_space)


class ModelDocument(NamedTuple):
    """A document that others are to be like: the mean of its vectors, if any, and how its text begins."""

    vector: str | None
    text: str


async def start_model_document(
    unit: UnitOfWork, facts: CollectionFacts, document_id: str, gone: Gone
) -> Pending[ModelDocument]:
    """No row when there is no such document, or something else is gone than the facts say."""
    shown = shown_sql(gone)
    return await unit.start(
        SQL["find_model_document"].with_slot("shown", shown.text),
        ModelDocument,
        collection_id=facts.id,
        collection=facts.name,
        space_id=facts.space_id,
        id=document_id,
        gone=_gone(facts),
        **shown.parameters,
    )


async def start_search(unit: UnitOfWork, plan: SearchPlan) -> Pending[FoundDocument]:
    """The page's hits, best first; no row at all when the collection is no longer as the plan's facts say."""
    conditions = conditions_of(plan)
    fragments = _Fragments.of(plan)
    if plan.vector is not None and plan.facts.has_vector_index:
        await unit.send(
            SQL["widen_vector_scan"],
            ef_search=str(ranking.HNSW_WIDTH),
            max_scanned=str(ranking.HNSW_MAX_SCANNED),
        )
    return await unit.start(
        search_statement(_shape(plan, conditions, fragments)),
        FoundDocument,
        **_asked(plan),
        **_words(plan),
        **_reach(plan),
        **conditions.parameters,
        **fragments.parameters,
    )


class _Fragments(NamedTuple):
    """What a request adds to a statement beside conditions: texts, empty where it asks for nothing."""

    facets: str
    sort: str
    group: str
    boost: str
    parameters: dict[str, Any]

    @classmethod
    def of(cls, plan: SearchPlan) -> Self:
        if not (plan.facets or plan.sort or plan.group_by or plan.boosts):
            return cls("", "", "", "", {})
        # A search without any of these starts faster for not loading what writes them.
        from shared.repositories.facets import facets_fragment  # noqa: PLC0415
        from shared.repositories.sorting import (  # noqa: PLC0415
            boost_fragment,
            group_fragment,
            sort_fragment,
        )

        nothing = BoundSql("")
        facets = facets_fragment(plan.facets) if plan.facets else nothing
        sort = sort_fragment(plan.sort) if plan.sort else nothing
        group = group_fragment(plan.group_by) if plan.group_by else nothing
        boost = boost_fragment(plan.boosts) if plan.boosts else nothing
        parameters = facets.parameters | sort.parameters | group.parameters | boost.parameters
        return cls(facets.text, sort.text, group.text, boost.text, parameters)


def _shape(plan: SearchPlan, conditions: Conditions, fragments: _Fragments) -> SearchShape:
    words = plan.words
    return SearchShape(
        collection_id=plan.facts.id,
        space_id=plan.facts.space_id,
        dimensions=plan.facts.dimensions,
        has_vector_index=plan.facts.has_vector_index,
        with_words=words is not None,
        with_vector=plan.vector is not None,
        expanded=words is not None and any(words.expandable) and plan.expands,
        weighs_title=(plan.title_weight, plan.body_weight) != (1, 1),
        budgeted=_is_budgeted(plan, conditions),
        has_cutoff=plan.cutoff_seconds is not None,
        has_pins=bool(plan.pinned),
        fusion=plan.fusion,
        is_mixed=0 < plan.alpha < 1,
        said=conditions.said,
        conditions=conditions.text,
        of_readable=plan.of_readable,
        has_values=conditions.having is not None,
        is_selective=conditions.is_selective,
        has_phrases=bool(plan.phrases),
        facets=fragments.facets,
        sort=fragments.sort,
        group=fragments.group,
        boost=fragments.boost,
    )


def _is_budgeted(plan: SearchPlan, conditions: Conditions) -> bool:
    """Whether postings may be left out: not where few of the documents they name may pass."""
    is_about_all = plan.counts_everything or conditions.is_selective
    return plan.facts.documents > ranking.BUDGETED_DOCUMENTS and not is_about_all


def _asked(plan: SearchPlan) -> dict[str, Any]:
    facts = plan.facts
    return {
        "collection_id": facts.id,
        "collection": facts.name,
        "updated_at": facts.updated_at,
        "gone": _gone(facts),
        "vector_index": facts.vector_index,
        "has_vector_index": facts.has_vector_index,
        "language": facts.language,
        "vector": None if plan.vector is None else vector_text(plan.vector),
        "alpha": plan.alpha,
        "limit": plan.limit,
        "offset": plan.offset,
        "passages": plan.passages,
        "min_score": plan.min_score,
        "highlight": plan.highlight,
        "with_body": plan.with_body,
        "room": MAX_REQUEST_BYTES,
        "pinned": list(plan.pinned),
        "title_weight": plan.title_weight,
        "body_weight": plan.body_weight,
        "group_size": plan.group_size,
        "cutoff_seconds": plan.cutoff_seconds,
        "boost_weight": float(sum(rule.weight for rule in plan.boosts)),
    }


def _gone(facts: CollectionFacts) -> str | None:
    return None if facts.gone is None else json.dumps(facts.gone)


def _words(plan: SearchPlan) -> dict[str, Any]:
    words = plan.words
    if words is None:
        return _NO_WORDS
    return {
        "word_groups": words.groups,
        "alternatives": words.alternatives,
        "weights": words.weights,
        "texts": words.texts,
        "expandable": words.expandable,
        "last_group": -1 if words.prefix_group is None else words.prefix_group,
        "typos": plan.typos,
        "prefix": plan.prefix is not False,
        "complete_known": plan.prefix is True,
    }


def _reach(plan: SearchPlan) -> dict[str, Any]:
    """How far the statement looks."""
    reaches_far = plan.offset + plan.limit > ranking.FIRST_CANDIDATES
    candidates = ranking.LATE_CANDIDATES if reaches_far else ranking.FIRST_CANDIDATES
    if plan.sort:
        candidates = ranking.SORTED_CANDIDATES
    return {
        "candidates": candidates,
        "first_candidates": ranking.FIRST_CANDIDATES,
        "near_chunks": ranking.LATE_CHUNKS if reaches_far or plan.sort else ranking.FIRST_CHUNKS,
        "few_documents": ranking.FEW_DOCUMENTS,
        "small_collection": ranking.SMALL_COLLECTION,
        "sampled": ranking.SAMPLED_DOCUMENTS,
        "selective_share": ranking.SELECTIVE_SHARE,
        "countable": ranking.SORTED_CANDIDATES * 1000 if plan.counts_everything else ranking.COUNTABLE,
        "posting_budget": ranking.POSTING_BUDGET,
        "contenders": ranking.CONTENDERS,
        "peak_documents": ranking.PEAK_DOCUMENTS,
        "feedback": ranking.FEEDBACK,
    }
