"""Shapes of searches: each choice that a statement's text depends on, made and not made."""

from itertools import product
from typing import Any

from shared.domain.ranking import Fusion
from shared.repositories.search_conditions import SQL
from shared.repositories.search_text import SearchShape

_SAYS = SQL["piece_says"].with_slot("place", "1").text
_PLAIN = SearchShape(
    collection_id=1,
    space_id=1,
    dimensions=384,
    has_vector_index=False,
    with_words=True,
    with_vector=True,
    expanded=True,
    weighs_title=False,
    budgeted=False,
    has_cutoff=False,
    has_pins=False,
    fusion=Fusion.WEIGHTED,
    is_mixed=True,
    said="",
    of_readable=False,
    has_values=False,
    conditions="",
    is_selective=False,
    has_phrases=False,
    facets="",
    sort="",
    group="",
    boost="",
)
_RANKINGS = [
    _PLAIN._replace(with_words=words, with_vector=vector, has_vector_index=index, budgeted=budgeted)
    for words, vector, index, budgeted in product([True, False], repeat=4)
]
_CONDITIONS: list[dict[str, Any]] = [
    {},
    {"conditions": "d.id <> ALL(%(hidden)s::text[])"},
    {"conditions": "d.title IS NOT NULL", "is_selective": True},
    {"conditions": "d.title IS NOT NULL", "is_selective": True, "has_values": True},
    {"conditions": "d.readers IS NULL", "is_selective": True, "of_readable": True},
    {"conditions": _SAYS, "said": SQL["piece_said"].text, "is_selective": True, "has_phrases": True},
]
_PAGES: list[dict[str, Any]] = [
    {},
    {"sort": "d.title", "has_pins": True, "fusion": Fusion.RRF},
    {"group": "d.metadata -> 'kind'", "fusion": Fusion.MIN_MAX, "has_cutoff": True},
    {"group": "d.metadata -> 'kind'", "sort": "d.title", "weighs_title": True, "expanded": False},
    {"facets": "(SELECT json_agg(number) FROM matched)", "has_pins": True, "is_mixed": False},
    {"boost": "0.5::float8"},
]
SEARCH_SHAPES = [
    shape._replace(**condition, **page) for shape in _RANKINGS for condition in _CONDITIONS for page in _PAGES
]
