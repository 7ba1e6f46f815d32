"""Found rows as hits: chosen fields, highlighted passages, no more than one answer may carry."""

import html
import re
from collections.abc import Sequence
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

# Postgres marks the words it found with these, which no sensible text contains.
_START, _STOP = "\x02", "\x03"
_WITHOUT_MARKS = {ord(_START): None, ord(_STOP): None}
_MARKED = re.compile(f"{_START}([^{_START}{_STOP}]+){_STOP}")
# Leaves room for what surrounds the hits.
_ROOM = MAX_REQUEST_BYTES - 100_000


def present_hits(request: SearchRequest, rows: Sequence[FoundDocument]) -> tuple[list[Hit], int | None]:
    """The hits that fit one answer, and the offset to go on at when some did not."""
    hits: list[Hit] = []
    size = 0
    for row in rows:
        if row.id is None:
            break
        hit = _hit(request, row)
        size += len(hit.model_dump_json().encode())
        if hits and size > _ROOM:
            return hits, request.offset + len(hits)
        hits.append(hit)
    return hits, None


def _hit(request: SearchRequest, row: FoundDocument) -> Hit:
    fields = {name: getattr(row, name) for name in request.include_fields}
    explain = group = None
    if request.explain:
        explain = Explanation(
            keyword=row.keyword or 0.0,
            semantic=row.semantic or 0.0,
            alpha=row.alpha,
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
        passages=[_passage(passage) for passage in row.passages or []],
        group=group,
        explain=explain,
    )


def _passage(found: dict[str, Any]) -> Passage:
    marked = found["marked"]
    return Passage(
        text=found["text"],
        highlight=None if marked is None else highlight(found["text"], marked),
        start=found["start"],
        end=found["end"],
        page=found["page"],
        heading=" > ".join(found["heading_path"]) or None,
        score=_unit(found["score"]),
    )


def highlight(text: str, marked: str) -> str:
    """`text` as HTML with the words that `marked` marks inside <mark>; everything else is escaped."""
    if marked.translate(_WITHOUT_MARKS) != text:
        # Postgres' headline drops what looks like tags: only the words are taken from it.
        marked = _mark_words(text, set(_MARKED.findall(marked)))
    return html.escape(marked).replace(_START, "<mark>").replace(_STOP, "</mark>")


def _mark_words(text: str, words: set[str]) -> str:
    plain = text.translate(_WITHOUT_MARKS)
    if not words:
        return plain
    longest_first = sorted(words, key=len, reverse=True)
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?!\w)"
    return re.sub(pattern, rf"{_START}\1{_STOP}", plain)


def _unit(score: float) -> float:
    """Rounded to what is meaningful; half-precision vectors may put a cosine a hair above 1."""
    return round(min(score, 1.0), 6)
