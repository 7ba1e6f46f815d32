"""Sort rules as requests write them: `year:desc`, `_score`, `_geo(location, 52.5, 13.4):asc`."""

import re
from collections.abc import Sequence

from shared.domain.sorting import DistanceSort, FieldSort, ScoreSort, SortRule
from shared.errors import InvalidFilter
from shared.querying.field_names import bad_value, parse_field
from shared.querying.filter_places import read_point

_NUMBER = r"\s*(-?[0-9]{1,3}(?:\.[0-9]{1,30})?)\s*"
_GEO = re.compile(rf"_geo\(\s*(.+?)\s*,{_NUMBER},{_NUMBER}\)", re.DOTALL)


def parse_sort(texts: Sequence[str]) -> tuple[SortRule, ...]:
    """The rules, the first the one that counts most. Ascending when nothing is said.

    Raises InvalidRequest, whose details name `sort`.
    """
    return tuple(_rule(text.strip()) for text in texts)


def _rule(text: str) -> SortRule:
    what, _, direction = text.rpartition(":")
    if direction.lower() not in {"asc", "desc"}:
        what, direction = text, "asc"
    descending = direction.lower() == "desc"
    if what == "_score":
        return ScoreSort(descending)
    if what.startswith("_geo("):
        return _distance(what, descending=descending)
    return FieldSort(parse_field(what, "sort"), descending)


def _distance(what: str, *, descending: bool) -> SortRule:
    parts = _GEO.fullmatch(what)
    if parts is None:
        raise bad_value("sort", f"{what!r} is not of the form _geo(field, latitude, longitude)")
    field, latitude, longitude = parts.groups()
    try:
        origin = read_point(float(latitude), float(longitude), 0)
    except InvalidFilter as error:
        raise bad_value("sort", error.details[0]["message"]) from None
    return DistanceSort(parse_field(field, "sort"), origin, descending)
