"""Exports: how far their bundles are, and where the parts of them lie."""

from datetime import datetime
from typing import NamedTuple

from shared.database.rows import ExportRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.bundles import LinesUntilNow
from shared.domain.exports import MOST_UNFINISHED
from shared.errors import ConcordError, NotFound, TooManyExports

SQL = SqlFile("shared.repositories.sql", "exports")


class ExportKey(NamedTuple):
    collection_id: int
    id: str


class StoredPart(NamedTuple):
    """A part of a bundle in the storage: `made` and `reached` are what the bundle has with it.

    `is_last` says that nothing comes after it.
    """

    made: LinesUntilNow
    reached: int
    bytes: int
    upload_id: str
    etag: str
    is_last: bool


class StaleExport(NamedTuple):
    collection_id: int
    id: str
    # Of an upload that has not ended.
    upload_id: str | None


async def insert_export(unit: UnitOfWork, key: ExportKey, *, with_vectors: bool) -> ExportRow:
    """Of the documents that there are now. Raises TooManyExports."""
    inserted = await unit.row(
        SQL["insert_export"],
        ExportRow,
        **key._asdict(),
        vectors=with_vectors,
        most_unfinished=MOST_UNFINISHED,
    )
    if inserted is None:
        raise TooManyExports
    return inserted


async def find_export(unit: UnitOfWork, key: ExportKey) -> ExportRow:
    """Raises NotFound."""
    found = await unit.row(SQL["find_export"], ExportRow, **key._asdict())
    if found is None:
        raise NotFound(
            "There is no export with that id in the collection.",
            details=[{"field": "id", "message": f"no {key.id}"}],
        )
    return found


async def claim(unit: UnitOfWork, key: ExportKey, *, holder: str, lease_seconds: float) -> ExportRow | None:
    """None when it is not there, over, or in other hands, or when its collection is deleted."""
    return await unit.row(
        SQL["claim_export"], ExportRow, **key._asdict(), holder=holder, lease_seconds=lease_seconds
    )


async def checkpoint(
    unit: UnitOfWork, key: ExportKey, part: StoredPart, *, holder: str, lease_seconds: float
) -> ExportRow | None:
    """Keep what has been done; None when the export is not the holder's any more."""
    return await unit.row(
        SQL["checkpoint_export"],
        ExportRow,
        **key._asdict(),
        documents=part.made.documents,
        vectors_written=part.made.vectors,
        checksum=part.made.checksum,
        reached=part.reached,
        bytes=part.bytes,
        upload_id=part.upload_id,
        etag=part.etag,
        sealed=part.is_last,
        holder=holder,
        lease_seconds=lease_seconds,
    )


async def release(unit: UnitOfWork, key: ExportKey, *, holder: str) -> None:
    """Let the next one go on after the last part."""
    await unit.send(SQL["release_export"], **key._asdict(), holder=holder)


async def complete(unit: UnitOfWork, key: ExportKey, *, documents: int, size: int, holder: str) -> None:
    """The bundle is in the storage: so many documents in so many bytes."""
    await unit.send(SQL["complete_export"], **key._asdict(), documents=documents, bytes=size, holder=holder)


async def fail(unit: UnitOfWork, key: ExportKey, error: ConcordError, *, holder: str) -> ExportRow | None:
    """The export, unless it is not the holder's any more."""
    return await unit.row(
        SQL["fail_export"],
        ExportRow,
        **key._asdict(),
        error_code=error.code,
        error=error.message,
        holder=holder,
    )


async def find_due(unit: UnitOfWork, limit: int) -> list[ExportKey]:
    return await unit.rows(SQL["find_due_exports"], ExportKey, limit=limit)


async def find_stale(unit: UnitOfWork, before: datetime, limit: int) -> list[StaleExport]:
    """Those that were asked for before that time, or whose collection is deleted."""
    return await unit.rows(SQL["find_stale_exports"], StaleExport, before=before, limit=limit)


async def forget(unit: UnitOfWork, key: ExportKey) -> None:
    await unit.send(SQL["forget_export"], **key._asdict())
