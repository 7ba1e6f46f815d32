"""Documents that are gone, but not yet removed."""

import psycopg

from shared.cache.null import NullCache
from shared.domain.principals import ADMIN
from shared.services.delete_documents_by_filter import (
    DeletedDocuments,
    DeleteLimits,
    delete_documents_by_filter,
)
from tests.builders.embedding_state import execute
from tests.builders.library import Library

STANDING = DeleteLimits(few_documents=0)


async def delete_without_purge(
    library: Library, condition: str, *, limits: DeleteLimits = STANDING, dry_run: bool = False
) -> DeletedDocuments:
    """As if they were too many to be removed at once."""
    return await delete_documents_by_filter(
        library.database,
        NullCache(),
        library.maintain_queue,
        ADMIN,
        library.name,
        condition,
        dry_run=dry_run,
        limits=limits,
    )


def stored_ids(database_url: str) -> list[str]:
    """Of documents that have rows, gone or not."""
    return [stored for (stored,) in execute(database_url, "SELECT id FROM concord.document ORDER BY id")]


def standing_deletions(database_url: str) -> list[tuple[int, int]]:
    """How many documents each is of, and how many of those are removed."""
    rows = execute(database_url, "SELECT documents, purged FROM concord.deletion ORDER BY id")
    return [(documents, purged) for documents, purged in rows]


def expire(database_url: str, *ids: str) -> None:
    """As if the time of these documents had come."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE concord.document SET expires_at = now() - interval '1 second' WHERE id = ANY(%s)",
            [list(ids)],
        )
