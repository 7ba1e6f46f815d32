"""Fields as requests name them outside filters."""

import re

from shared.domain.filters import Field
from shared.errors import InvalidRequest
from shared.querying.filter_literals import read_field_path

_PART = r"(?:[^\W][\w-]*|`(?:[^`\\]|\\.)+`)"
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*", re.DOTALL)


def parse_field(text: str, named: str) -> Field:
    """The field of a name such as `author.name`, in filters' own notation.

    Raises InvalidRequest, whose details name the request's field `named`.
    """
    if not _NAME.fullmatch(text):
        raise bad_value(named, f"{text!r} is not a field's name: write author.name, or `odd name`")
    return Field(read_field_path(text, 0), 1)


def bad_value(named: str, message: str) -> InvalidRequest:
    return InvalidRequest(details=[{"field": named, "message": message}])
