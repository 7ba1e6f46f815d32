"""The text of a search statement, put together from fragments once for every shape that searches have."""

import functools
from typing import NamedTuple

from shared.database.statements import SqlFile, Statement
from shared.domain import ranking
from shared.domain.ranking import Fusion
from shared.repositories.readable import within_readable

SQL = SqlFile("shared.repositories.sql", "search")
_SHAPES = 500


class SearchShape(NamedTuple):
    """All that a statement's text depends on; everything else is a parameter."""

    collection_id: int
    space_id: int
    dimensions: int
    has_vector_index: bool
    with_words: bool
    with_vector: bool
    # Whether a word may stand for others.
    expanded: bool
    # Whether words of the title count as much as those of the body.
    weighs_title: bool
    # Whether there are too many postings to read all of them.
    budgeted: bool
    has_cutoff: bool
    has_pins: bool
    fusion: Fusion
    # Whether both rankings have a share in the score.
    is_mixed: bool
    said: str
    # Whether the caller may read some of the documents only.
    of_readable: bool
    # Whether values of the metadata are asked for, which an index has.
    has_values: bool
    # Of all conditions that narrow a search, and whether they may leave few documents.
    conditions: str
    is_selective: bool
    has_phrases: bool
    facets: str
    sort: str
    group: str
    boost: str

    @property
    def browses(self) -> bool:
        return not self.with_words and not self.with_vector


@functools.lru_cache(maxsize=_SHAPES)
def search_statement(shape: SearchShape) -> Statement:
    """The statement for searches of this shape."""
    slots = {
        **_keyword_slots(shape),
        **_vector_slots(shape),
        **_candidate_slots(shape),
        **_page_slots(shape),
    }
    statement = SQL["search_documents"]
    for slot, text in slots.items():
        statement = statement.with_slot(slot, text)
    # The fragments' own slots, filled alike wherever they stand.
    everywhere = {
        "conditions": shape.conditions or "true",
        "space": str(shape.space_id),
        "collection_number": str(shape.collection_id),
        "cutoff": _piece("before_deadline") if shape.has_cutoff else "",
        "dimensions": str(shape.dimensions),
    }
    for slot, text in everywhere.items():
        statement = statement.with_slot(slot, text, anywhere=True)
    return within_readable(statement) if shape.of_readable else statement


def _piece(name: str, **slots: str) -> str:
    statement = SQL[f"piece_{name}"]
    for slot, text in slots.items():
        statement = statement.with_slot(slot, text)
    return statement.text


def _keyword_slots(shape: SearchShape) -> dict[str, str]:
    if not shape.with_words:
        return {}
    passing = _piece("passing_postings") if shape.is_selective else "true"
    slots = {"keyword_sum": _keyword_sum(shape, postings=passing)}
    if shape.expanded:
        slots["expansions"] = _piece("expansions")
    if shape.budgeted:
        first = _keyword_sum(shape, postings=passing, terms="reading", blocks=_piece("first_blocks"))
        near = _piece("near_contenders") if shape.with_vector else ""
        second = _keyword_sum(shape, postings=_piece("contended_postings"))
        slots["budget"] = _piece("budgeted_score", first_sum=first, near_contenders=near)
        slots["keyword_sum"] = _piece("contended_sum", second_sum=second)
        slots["complete"] = _piece("complete")
    return slots


def _keyword_sum(shape: SearchShape, *, postings: str, terms: str = "term", blocks: str = "") -> str:
    slots = {"postings": postings, "terms": terms, "blocks": blocks}
    if shape.weighs_title:
        slots["title"] = _piece("title_frequencies")
        slots["frequency"] = _piece("weighted_frequency")
    return _piece("keyword_sum", **slots)


def _vector_slots(shape: SearchShape) -> dict[str, str]:
    if not shape.with_vector:
        return {}
    scan = "'index'" if shape.has_vector_index else "'exact'"
    distance = {"distance": _piece("indexed_distance")} if shape.has_vector_index else {}
    if not shape.is_selective and not shape.conditions:
        return {"near": _piece("nearest", **distance), "scan": scan}
    passing = "indexed_passing" if shape.has_vector_index else "nearest_passing"
    if not shape.is_selective:
        return {"near": _piece(passing, **distance), "scan": scan}
    nearest = _piece(passing, many=_piece("many"), **distance)
    return {
        "near": _piece("nearest_of_few", nearest_passing=nearest),
        "scan": _piece("scan_of_passing", otherwise=scan),
    }


def _candidate_slots(shape: SearchShape) -> dict[str, str]:
    candidate = _piece("browsed_candidate" if shape.browses else "candidate")
    if shape.has_pins:
        candidate = _piece("pinned_candidate", candidate=candidate)
    slots = {"said": shape.said, "candidate": candidate}
    if shape.has_pins:
        slots["pinned_found"] = _piece("pinned_found")
    if shape.conditions:
        of_which_pass = str(round(1 / ranking.SELECTIVE_SHARE))
        slots["of_which_pass"] = of_which_pass
        slots["read_on"] = _piece("read_on", of_which_pass=of_which_pass)
    if shape.is_selective:
        having = {"having": _piece("documents_having")} if shape.has_values else {}
        slots["passing"] = _piece("passing_saying") if shape.has_phrases else _piece("passing", **having)
    return slots


def _page_slots(shape: SearchShape) -> dict[str, str]:
    slots = {"cut_off": _piece("cut_off")} if shape.has_cutoff else {}
    if shape.browses:
        slots["fused"] = _piece("plainly_fused", fusion="1::float8")
    elif shape.fusion is not Fusion.WEIGHTED:
        slots["fused"] = _piece("plainly_fused", fusion=_piece(shape.fusion.value))
    elif shape.is_mixed and shape.with_words and shape.with_vector:
        slots |= {"mixed": _piece("mixed"), "fused": _piece("fused_with_feedback"), "alpha": "mixing"}
    else:
        slots["fused"] = _piece("plainly_fused")
    if shape.boost:
        slots["boosted"] = _piece("boosted", boost=shape.boost)
        slots["score"] = "(f.score + %(boost_weight)s * b.boost) / (1 + %(boost_weight)s)"
    if shape.conditions or shape.facets:
        slots["matched"] = _piece("matched")
        slots["keyword_found"] = _piece("matched_found")
    if shape.facets:
        slots["facets"] = shape.facets
    sort = {"sort": shape.sort} if shape.sort else {}
    if shape.group:
        slots["page"] = _piece("grouped_page", group=shape.group, **sort)
    elif shape.sort:
        slots["page"] = _piece("sorted_page", **sort)
    return slots
