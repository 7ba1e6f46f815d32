"""What is still stored though it must not be seen: told by the database, read here."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared.database.units_of_work import UnitOfWork
from shared.domain.deletions import NOTHING_GONE, Deletion, Gone
from shared.domain.principals import Principal
from shared.errors import DocumentNotFound, InvalidFilter, PermissionDenied

if TYPE_CHECKING:
    from shared.domain.filters import Filter
    from shared.repositories.collections import LiveCollection


def read_gone(gone: Mapping[str, Any] | None) -> Gone:
    """From what concord.gone() says of a collection; nearly always that is nothing."""
    if gone is None:
        return NOTHING_GONE
    # Nothing else of a function that reads one document needs a parser.
    from shared.querying.filters import parse_filter  # noqa: PLC0415

    return Gone(
        deletions=tuple(
            Deletion(
                id=deletion["id"],
                tree=parse_filter(deletion["filter"]),
                deleted_at=datetime.fromisoformat(deletion["deleted_at"]).replace(tzinfo=UTC),
            )
            for deletion in gone.get("deletions", ())
        ),
        expired=gone.get("expired", False),
    )


async def show_passing(unit: UnitOfWork, principal: Principal, collection: str) -> None:
    """Of a caller with a filter, let the unit see of that collection what passes; else it sees nothing.

    Raises PermissionDenied for a filter that cannot be read.
    """
    if principal.filter is not None:
        from shared.repositories import filters  # noqa: PLC0415 - as above.

        await filters.show_passing(unit, collection, filter_of(principal.filter))


# A token comes with each search, and each asks more than once.
@lru_cache(maxsize=128)
def filter_of(text: str) -> "Filter":
    """The filter that a caller's token has. Raises PermissionDenied: what may be seen cannot be told."""
    from shared.querying.filters import parse_filter  # noqa: PLC0415 - as above.

    try:
        return parse_filter(text)
    except InvalidFilter as error:
        details = [{**detail, "field": "authorization"} for detail in error.details]
        raise PermissionDenied("The token's filter cannot be read.", details=details) from None


async def refuse_gone(unit: UnitOfWork, collection: "LiveCollection", document_id: str) -> None:
    """Raises DocumentNotFound when that document, which is stored, is gone."""
    if document_id not in await shown_of(unit, collection.id, collection.gone, [document_id]):
        raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])


async def shown_of(
    unit: UnitOfWork, collection_id: int, gone: Mapping[str, Any] | None, ids: Sequence[str]
) -> set[str]:
    """Those of these documents, which are stored, that are not gone."""
    if gone is None:
        return set(ids)
    from shared.repositories.document_lists import shown_ids  # noqa: PLC0415 - as above.

    return await shown_ids(unit, collection_id, ids, read_gone(gone))


async def remove_gone(
    unit: UnitOfWork, collection_id: int, gone: Mapping[str, Any] | None, ids: Sequence[str]
) -> bool:
    """Remove those of these documents that are gone, and whether there may have been some.

    The caller holds the collection's lock, and is about to write documents of those ids.
    """
    if gone is None:
        return False
    from shared.repositories import deletions, document_lists, document_storage  # noqa: PLC0415 - as above.

    found = read_gone(gone)
    for deletion in found.deletions:
        numbers = await deletions.match_ids(unit, collection_id, deletion, ids)
        if numbers:
            await document_storage.delete(unit, collection_id, numbers)
            await deletions.count_purged(unit, collection_id, deletion.id, purged=len(numbers))
    if found.expired and (numbers := await document_lists.expired_of(unit, collection_id, ids)):
        await document_storage.delete(unit, collection_id, numbers)
    return True
