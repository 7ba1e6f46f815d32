"""What invalidates a cached answer."""

# The set of collections and their counts.
COLLECTIONS = "collections"


def collection_scope(name: str) -> str:
    """Everything that is read from one collection."""
    return f"collection:{name}"
