"""What a search statement is asked for, and the rows it answers with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from shared.domain import ranking
from shared.domain.deletions import NOTHING_GONE, Gone
from shared.domain.facets import FacetPlan
from shared.domain.filters import Field, Filter
from shared.domain.query_words import WordPlan
from shared.domain.ranking import Fusion
from shared.domain.sorting import BoostRule, SortRule


class CollectionFacts(NamedTuple):
    """What a search has to know of a collection before it can ask."""

    id: int
    name: str
    language: str
    settings: dict[str, Any]
    updated_at: datetime
    space_id: int
    model: str
    dimensions: int
    # When this was read; what it is now decides nothing but how the statement goes about its work.
    documents: int
    has_vector_index: bool
    # What shared.services.gone_documents reads.
    gone: dict[str, Any] | None

    @property
    def vector_index(self) -> str:
        return f"concord_embedding.collection_{self.id}_space_{self.space_id}_idx"


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What to look for. No `words` or no `vector` leaves that ranking out; without both all is a hit."""

    facts: CollectionFacts
    words: WordPlan | None
    vector: Sequence[float] | None
    alpha: float
    fusion: Fusion
    limit: int
    offset: int
    passages: int
    min_score: float
    highlight: bool
    with_body: bool
    tree: Filter | None = None
    # What every hit must say in these words, and what none may.
    phrases: Sequence[str] = ()
    excluded: Sequence[str] = ()
    typos: bool = True
    # Whether the last word may be a beginning: never, when nothing else has it, or always.
    prefix: bool | None = None
    title_weight: float = ranking.TITLE_WEIGHT
    body_weight: float = ranking.BODY_WEIGHT
    pinned: Sequence[str] = ()
    hidden: Sequence[str] = ()
    gone: Gone = NOTHING_GONE
    # Of which one may read every hit, unless it has no readers; None for who sees all.
    readers: Sequence[str] | None = None
    # Whether the caller may read some of the documents only, by its readers or its filter.
    of_readable: bool = False
    facets: FacetPlan | None = None
    sort: Sequence[SortRule] = ()
    group_by: Field | None = None
    group_size: int = 1
    cutoff_seconds: float | None = None
    boosts: Sequence[BoostRule] = ()

    @property
    def names_fields(self) -> bool:
        """Whether it is about fields that documents may not have."""
        return bool(self.tree or self.facets or self.sort or self.group_by or self.boosts)

    @property
    def expands(self) -> bool:
        """Whether a word that nobody wrote may stand for others."""
        return self.typos or self.prefix is not False

    @property
    def counts_everything(self) -> bool:
        """Whether the answer is about all documents that match, not only the best."""
        return bool(self.facets or self.sort)


class FoundDocument(NamedTuple):
    """A hit, or a single row without one (`id` is None) that still tells the counts."""

    # The share of meaning in the scores, after what could not be used.
    alpha: float
    # How vectors were compared: "exact", "index" or "none".
    vector_scan: Literal["exact", "index", "none"]
    # Whether every posting was read.
    complete: bool
    # Whether the time budget ended before the work did.
    cut_off: bool
    # Documents with a word that pass; None when they were not counted.
    keyword_found: int | None
    candidates_found: int
    facets: dict[str, Any] | None
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
    # The share of the best document in the score, and how near this one is to it.
    feedback: float | None
    near_best: float | None
    pinned: bool | None
    group_value: Any
    group_found: int | None
    passages: list[dict[str, Any]] | None
