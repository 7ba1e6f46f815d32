"""How a filter's problem is told."""

from shared.errors import InvalidFilter


def problem_at(position: int, message: str) -> InvalidFilter:
    """An error that points at `position`, in code points from 0; people read columns, from 1."""
    column = position + 1
    return InvalidFilter(
        f"The filter cannot be parsed at column {column}: {message}.",
        details=[{"field": "filter", "column": column, "message": message}],
    )
