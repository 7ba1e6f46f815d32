"""Delete what a filter selects: a few documents at once, many by a deletion that stands until they are."""

import time
from dataclasses import dataclass

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.cache_scopes import scopes_of
from shared.domain.principals import Principal
from shared.errors import DatabaseUnavailable, TooManyDeletions
from shared.querying.filters import parse_filter
from shared.queues.protocol import MaintainQueue
from shared.repositories import deletions, document_storage
from shared.repositories.collections import find_collection
from shared.repositories.deletions import Selection
from shared.repositories.documents import find_last_number, list_metadata_fields
from shared.services.announce_writes import ask_for_maintenance
from shared.services.gone_documents import read_gone
from shared.services.known_fields import refuse_unknown_fields

MOST_STANDING = 8
# A dry run is there to count; API Gateway gives up on an answer at 30 seconds.
DRY_RUN_SECONDS = 20.0
_NUMBERS_PER_COUNT = 20_000


@dataclass(frozen=True, slots=True)
class DeleteLimits:
    """How many are removed at once: more stand as a deletion of which every search has to know.

    And how long finding so few may take, and then counting the many.
    """

    few_documents: int = 1_000
    find_milliseconds: int = 300
    count_seconds: float = 0.4


_LIMITS = DeleteLimits()


@dataclass(frozen=True, slots=True)
class DeletedDocuments:
    """How many went or, in a dry run, would go; `exact` says whether all were counted.

    `purged` says whether they are removed already, and not only gone from every answer.
    """

    deleted: int
    exact: bool
    purged: bool


async def delete_documents_by_filter(
    database: Database,
    cache: Cache,
    maintain_queue: MaintainQueue,
    principal: Principal,
    collection: str,
    filter_text: str,
    *,
    dry_run: bool = False,
    limits: DeleteLimits = _LIMITS,
) -> DeletedDocuments:
    """Whatever the filter selects when this returns is in no answer any more.

    Raises CollectionNotFound, InvalidFilter, UnknownField, TooManyDeletions.
    """
    tree = parse_filter(filter_text)
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        refuse_unknown_fields(tree, await list_metadata_fields(unit, collection))
    selection = Selection(found.id, tree, read_gone(found.gone))
    if dry_run:
        count, exact = await _count(database, principal, selection, DRY_RUN_SECONDS)
        return DeletedDocuments(count, exact, purged=False)
    few = await _find_few(database, principal, selection, limits)
    if few is not None:
        deleted = await _delete_few(database, principal, selection, few)
        answer = DeletedDocuments(deleted, exact=True, purged=True)
    else:
        count, exact = await _count(database, principal, selection, limits.count_seconds)
        await _stand(database, principal, found.id, filter_text, count)
        answer = DeletedDocuments(count, exact, purged=False)
    if answer.deleted or not answer.purged:
        await cache.invalidate(*scopes_of(found.known_as))
        await ask_for_maintenance(maintain_queue)
    return answer


async def _find_few(
    database: Database, principal: Principal, selection: Selection, limits: DeleteLimits
) -> list[int] | None:
    """The numbers of all it selects; None when they are many, or take long to find."""
    try:
        async with database.unit_of_work(principal) as unit:
            numbers = await selection.some(
                unit, limits.few_documents + 1, milliseconds=limits.find_milliseconds
            )
    except DatabaseUnavailable:
        return None
    return numbers if len(numbers) <= limits.few_documents else None


async def _delete_few(
    database: Database, principal: Principal, selection: Selection, numbers: list[int]
) -> int:
    """Remove those of these documents that are still selected; returns how many."""
    if not numbers:
        return 0
    async with database.unit_of_work(principal) as unit:
        await document_storage.lock_and_find(unit, selection.collection_id, [])
        selected = await selection.among(unit, numbers)
        unit.concerns(others=len(selected))
        await document_storage.delete(unit, selection.collection_id, selected)
    return len(selected)


async def _count(
    database: Database, principal: Principal, selection: Selection, seconds: float
) -> tuple[int, bool]:
    """How many it selects, and whether that is exact: those not looked at in time are taken to be alike."""
    deadline = time.monotonic() + seconds
    async with database.unit_of_work(principal) as unit:
        last = await find_last_number(unit, selection.collection_id)
    count = reached = 0
    while reached < last and (reached == 0 or time.monotonic() < deadline):
        until = reached + _NUMBERS_PER_COUNT
        async with database.unit_of_work(principal) as unit:
            count += await selection.count_between(unit, after=reached, until=until)
        reached = until
    if reached < last:
        return round(count * last / reached), False
    return count, True


async def _stand(
    database: Database, principal: Principal, collection_id: int, filter_text: str, count: int
) -> None:
    async with database.unit_of_work(principal) as unit:
        if await deletions.count_standing(unit, collection_id) >= MOST_STANDING:
            raise TooManyDeletions
        unit.concerns(others=count)
        await deletions.insert(unit, collection_id, filter_text, count)
