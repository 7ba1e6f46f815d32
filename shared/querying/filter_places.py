"""Places and distances of filters and sort rules. `position` is where they are told, from 0."""

from shared.domain.filters import Point
from shared.querying.filter_problems import problem_at

_POLE, _DATE_LINE = 90, 180
# More than half way around the earth: all of it.
_FARTHEST = 1e8


def read_point(latitude: float, longitude: float, position: int) -> Point:
    """Raises InvalidFilter when it is not on earth."""
    if not -_POLE <= latitude <= _POLE:
        raise problem_at(position, "a latitude is between -90 and 90 degrees")
    if not -_DATE_LINE <= longitude <= _DATE_LINE:
        raise problem_at(position, "a longitude is between -180 and 180 degrees")
    return Point(float(latitude), float(longitude))


def read_distance(metres: float, position: int) -> float:
    """Raises InvalidFilter when it is less than nothing."""
    if metres < 0:
        raise problem_at(position, "a distance is 0 metres or more")
    return float(min(metres, _FARTHEST))
