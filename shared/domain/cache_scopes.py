"""What invalidates a cached answer."""

from collections.abc import Iterable

# The set of collections and their counts.
COLLECTIONS = "collections"


def collection_scope(name: str) -> str:
    """Everything that is read from one collection by this name."""
    return f"collection:{name}"


def scopes_of(names: Iterable[str]) -> list[str]:
    """What a change of a collection with these names, its own and its aliases, makes old."""
    return [COLLECTIONS, *map(collection_scope, names)]
