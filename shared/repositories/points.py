"""Points in metadata: objects with `lat` and `lng` (or `lon`) in degrees, alone or in an array."""

from collections.abc import Sequence

from shared.database.statements import SqlFile
from shared.domain.filters import Field, Point
from shared.repositories.bound_sql import BoundSql
from shared.repositories.metadata_paths import json_path, source_of

SQL = SqlFile("shared.repositories.sql", "filters")
_ON_EARTH = (
    "@.lat >= -90 && @.lat <= 90 && "
    "((@.lng >= -180 && @.lng <= 180) || (!exists(@.lng) && @.lon >= -180 && @.lon <= 180))"
)


def point_path(path: Sequence[str]) -> str:
    """The path to the field's points; what is not on earth is none."""
    return json_path(path, _ON_EARTH)


def distance_sql(field: Field, origin: Point, bound: BoundSql) -> str:
    """Metres from `origin` to the field's nearest point, NULL without one."""
    found = (
        SQL["find_distance"]
        .with_slot("source", source_of(field))
        .with_slot("path", bound.bind(point_path(field.path)))
        .with_slot("latitude", bound.bind(origin.latitude))
        .with_slot("longitude", bound.bind(origin.longitude))
    )
    return f"({found.text})"
