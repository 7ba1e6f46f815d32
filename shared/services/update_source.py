"""Change a source: when it is refreshed, what it takes, whether it goes on."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.database.rows import SourceRow
from shared.database.units_of_work import Database
from shared.domain.principals import Principal
from shared.domain.sources import SourceSettings, SourceState
from shared.errors import Conflict
from shared.queues.fetch_queue import FetchQueue
from shared.repositories import sources
from shared.repositories.collections import find_collection
from shared.services.refresh_sources import refresh_source


class SourceChange(NamedTuple):
    """What is None stays as it is. `refresh` has the source refreshed now."""

    schedule_seconds: int | None = None
    without_schedule: bool = False
    settings: SourceSettings | None = None
    paused: bool | None = None
    approve_deletions: bool = False
    refresh: bool = False


async def update_source(
    database: Database,
    queue: FetchQueue,
    principal: Principal,
    collection: str,
    source_id: str,
    change: SourceChange,
) -> SourceRow:
    """Raises CollectionNotFound, SourceNotFound; Conflict for an approval that nobody asked for."""
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        source = await sources.lock_source(unit, found.id, source_id)
        updated = await sources.update_source(unit, _changed(source, change))
    await refresh_source(database, queue, principal, updated)
    async with database.unit_of_work(principal) as unit:
        return await sources.find_source(unit, updated.collection_id, updated.id)


def _changed(source: SourceRow, change: SourceChange) -> SourceRow:
    now = datetime.now(UTC)
    if change.schedule_seconds is not None or change.without_schedule:
        due = None if change.schedule_seconds is None else now + timedelta(seconds=change.schedule_seconds)
        source = source._replace(schedule_seconds=change.schedule_seconds, next_due_at=due)
    if change.settings is not None:
        # What other settings made of the listing is not known any more.
        source = _unknown(source)._replace(settings=change.settings.model_dump(exclude_defaults=True))
    if change.paused is not None:
        source = _paused(source, paused=change.paused)
    if change.approve_deletions:
        if source.state != SourceState.ASKING:
            message = f"the source is {source.state}, and not asking"
            raise Conflict(details=[{"field": "approve_deletions", "message": message}])
        # As many as it asked for, and no more: it looks once more, as it may have changed again.
        source = _unknown(source)._replace(approved_deletions=source.deletions, deletions=0)
        source = source._replace(state=SourceState.ACTIVE.value, next_due_at=now)
    if change.refresh:
        state = SourceState.ACTIVE.value if source.state == SourceState.ASKING else source.state
        source = source._replace(state=state, next_due_at=now)
    return source


def _paused(source: SourceRow, *, paused: bool) -> SourceRow:
    if paused:
        return source._replace(state=SourceState.PAUSED.value)
    if source.state != SourceState.PAUSED:
        return source
    return source._replace(state=SourceState.ACTIVE.value, next_due_at=datetime.now(UTC))


def _unknown(source: SourceRow) -> SourceRow:
    return source._replace(etag=None, last_modified=None, content_hash=None)
