"""Sources, and what their runs did."""

import json
from dataclasses import dataclass

from shared.database.rows import SourceRow, SourceRunRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.sources import SourceDefinition, SourceSettings, SourceState
from shared.errors import SourceExists, SourceNotFound

SQL = SqlFile("shared.repositories.sql", "sources")
RUNS_KEPT = 50


@dataclass(slots=True)
class RunCounts:
    fetched: int = 0
    not_modified: int = 0
    changed: int = 0
    failed: int = 0
    deleted: int = 0


def settings_of(source: SourceRow) -> SourceSettings:
    return SourceSettings.model_validate(source.settings)


async def insert_source(
    unit: UnitOfWork, collection_id: int, source_id: str, definition: SourceDefinition
) -> SourceRow:
    """Raises SourceExists."""
    inserted = await unit.row(
        SQL["insert_source"],
        SourceRow,
        collection_id=collection_id,
        id=source_id,
        kind=definition.kind.value,
        url=definition.url,
        schedule_seconds=definition.schedule_seconds,
        settings=definition.settings.model_dump_json(exclude_defaults=True),
    )
    if inserted is None:
        raise SourceExists(details=[{"field": "id", "message": f"{source_id} is taken"}])
    return inserted


async def find_source(unit: UnitOfWork, collection_id: int, source_id: str) -> SourceRow:
    """Raises SourceNotFound."""
    return _found(
        await unit.row(SQL["find_source"], SourceRow, collection_id=collection_id, id=source_id), source_id
    )


async def lock_source(unit: UnitOfWork, collection_id: int, source_id: str) -> SourceRow:
    """The source, for this unit of work alone. Raises SourceNotFound."""
    return _found(
        await unit.row(SQL["lock_source"], SourceRow, collection_id=collection_id, id=source_id), source_id
    )


def _found(source: SourceRow | None, source_id: str) -> SourceRow:
    if source is None:
        raise SourceNotFound(details=[{"field": "id", "message": f"no {source_id}"}])
    return source


async def list_sources(unit: UnitOfWork, collection_id: int, *, after: str, limit: int) -> list[SourceRow]:
    return await unit.rows(
        SQL["list_sources"], SourceRow, collection_id=collection_id, after=after, limit=limit
    )


async def update_source(unit: UnitOfWork, source: SourceRow) -> SourceRow:
    """Store what callers may change of it."""
    updated = await unit.row(
        SQL["update_source"],
        SourceRow,
        collection_id=source.collection_id,
        id=source.id,
        schedule_seconds=source.schedule_seconds,
        settings=json.dumps(source.settings),
        state=source.state,
        next_due_at=source.next_due_at,
        deletions=source.deletions,
        approved_deletions=source.approved_deletions,
        etag=source.etag,
        last_modified=source.last_modified,
        content_hash=source.content_hash,
    )
    return _found(updated, source.id)


async def stop_source(unit: UnitOfWork, collection_id: int, source_id: str) -> SourceRow:
    """End what the source does and will do, for good. Raises SourceNotFound."""
    return _found(
        await unit.row(SQL["stop_source"], SourceRow, collection_id=collection_id, id=source_id), source_id
    )


async def delete_source(unit: UnitOfWork, source: SourceRow) -> None:
    await unit.send(SQL["delete_source"], collection_id=source.collection_id, id=source.id)


async def claim_due(
    unit: UnitOfWork, *, lease_seconds: float, limit: int, only: SourceRow | None = None
) -> list[SourceRow]:
    """Begin runs of sources whose time has come; or of that one, unless it has one already."""
    claimed = await unit.rows(
        SQL["claim_due"],
        SourceRow,
        lease_seconds=lease_seconds,
        limit=limit,
        collection_id=only.collection_id if only else None,
        id=only.id if only else None,
    )
    for source in claimed:
        await unit.send(
            SQL["start_run"],
            collection_id=source.collection_id,
            id=source.id,
            run=source.run,
            kept=RUNS_KEPT,
        )
    return claimed


async def claim_lost(unit: UnitOfWork, *, lease_seconds: float, limit: int) -> list[SourceRow]:
    """Take over runs of which nothing has come back in time."""
    return await unit.rows(SQL["claim_lost"], SourceRow, lease_seconds=lease_seconds, limit=limit)


async def mark_listed(
    unit: UnitOfWork,
    source: SourceRow,
    *,
    whole: bool,
    etag: str | None = None,
    last_modified: str | None = None,
    content_hash: str | None = None,
) -> None:
    await unit.send(
        SQL["mark_listed"],
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        whole=whole,
        etag=etag,
        last_modified=last_modified,
        content_hash=content_hash,
    )


async def add_counts(unit: UnitOfWork, source: SourceRow, counts: RunCounts) -> None:
    await unit.send(
        SQL["add_counts"],
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        fetched=counts.fetched,
        not_modified=counts.not_modified,
        changed=counts.changed,
        failed=counts.failed,
        deleted=counts.deleted,
    )


async def next_batch(unit: UnitOfWork, source: SourceRow, *, lease_seconds: float) -> SourceRow | None:
    """The source with the number of its next message; None when that is not this batch's to send."""
    return await unit.row(
        SQL["next_batch"],
        SourceRow,
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        batch=source.batch,
        lease_seconds=lease_seconds,
    )


async def finish_run(
    unit: UnitOfWork,
    source: SourceRow,
    *,
    state: SourceState,
    failures: int,
    error: str | None,
    deletions: int,
    pause_seconds: float | None,
) -> None:
    """The next run is due after the pause; never, when there is none."""
    await unit.send(
        SQL["finish_run"],
        collection_id=source.collection_id,
        id=source.id,
        run=source.run,
        state=state.value,
        failures=failures,
        error=error,
        deletions=deletions,
        pause_seconds=pause_seconds,
    )


async def list_runs(unit: UnitOfWork, source: SourceRow, limit: int) -> list[SourceRunRow]:
    """The last first."""
    return await unit.rows(
        SQL["list_runs"], SourceRunRow, collection_id=source.collection_id, id=source.id, limit=limit
    )
