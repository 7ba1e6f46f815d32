"""Found rows as hits: chosen fields, highlighted passages, no more than one answer may carry."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.search import (
    Explanation,
    Group,
    Hit,
    HitDocument,
    Passage,
    SearchRequest,
)
from shared.domain.sizes import MAX_REQUEST_BYTES
from shared.repositories.search_plan import FoundDocument
from shared.services.highlights import Range, as_html, crop, marked_ranges

# Leaves room for what surrounds the hits.
_ROOM = MAX_REQUEST_BYTES - 100_000
# Characters of a hit's names, dates and numbers; bytes that a character may take in JSON or HTML.
_REST, _LONGEST_CHARACTER = 1_000, 12

# The sentence to mark of a passage, by the numbers of its row and of the passage in it.
type Sentences = Mapping[tuple[int, int], Range]


def present_hits(
    request: SearchRequest, rows: Sequence[FoundDocument], sentences: Sentences
) -> tuple[list[Hit], int | None]:
    """The hits that fit one answer, and the offset to go on at when some did not."""
    hits = [_hit(request, row, number, sentences) for number, row in enumerate(rows) if row.id is not None]
    if sum(map(_characters, rows)) < _ROOM / _LONGEST_CHARACTER:
        return hits, None
    size = groups = 0
    for place, hit in enumerate(hits):
        size += len(hit.model_dump_json().encode())
        groups += bool(place) and not _are_beside(hits[place - 1], hit)
        if place and size > _ROOM:
            # A group that was cut is shown anew, unless it is all that there was room for.
            return hits[:place], request.offset + max(groups, 1)
    return hits, None


def _are_beside(before: Hit, hit: Hit) -> bool:
    """Whether two hits, one after the other, are of one group. `true` is not 1, as it is to Python."""
    values = [None if one.group is None else one.group.value for one in (before, hit)]
    return (
        values[0] is not None and values[0] == values[1] and len({isinstance(v, bool) for v in values}) == 1
    )


def _characters(row: FoundDocument) -> int:
    """At least as many as an answer shows of a row, but for what is short."""
    passages = sum(3 * len(found["text"]) for found in row.passages or [])
    fields = len(row.title or "") + len(row.url or "") + len(row.body or "") + len(str(row.metadata))
    return passages + fields + _REST


def _hit(request: SearchRequest, row: FoundDocument, number: int, sentences: Sentences) -> Hit:
    fields = {name: getattr(row, name) for name in request.include_fields}
    explain = group = None
    if request.explain:
        explain = Explanation(
            keyword=row.keyword or 0.0,
            semantic=row.semantic or 0.0,
            alpha=row.alpha,
            feedback=row.feedback or 0.0,
            near_best=row.near_best or 0.0,
            fusion=request.fusion,
            pinned=bool(row.pinned),
            vector_scan=row.vector_scan,
            keyword_scan="complete" if row.complete else "budget",
        )
    if request.group_by is not None:
        group = Group(value=row.group_value, found=row.group_found or 0)
    return Hit(
        document=HitDocument(**fields),
        score=_unit(row.score or 0.0),
        passages=[
            _passage(request, found, sentences.get((number, place)))
            for place, found in enumerate(row.passages or [])
        ],
        group=group,
        explain=explain,
    )


def _passage(request: SearchRequest, found: dict[str, Any], sentence: Range | None) -> Passage:
    text = found["text"]
    highlight = snippet = None
    if request.highlight:
        ranges = marked_ranges(text, found["marked"]) if sentence is None else [sentence]
        highlight = as_html(text, ranges)
        if request.snippet_words is not None:
            snippet = as_html(text, ranges, crop(text, ranges, request.snippet_words))
    return Passage(
        text=text,
        highlight=highlight,
        snippet=snippet,
        start=found["start"],
        end=found["end"],
        page=found["page"],
        heading=" > ".join(found["heading_path"]) or None,
        score=_unit(found["score"]),
    )


def _unit(score: float) -> float:
    """Rounded to what is meaningful; half-precision vectors may put a cosine a hair above 1."""
    return round(min(score, 1.0), 6)
