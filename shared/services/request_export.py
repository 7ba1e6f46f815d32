"""Take up an export, and find what has become of one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.database.boundaries import written_before
from shared.database.rows import ExportRow
from shared.database.units_of_work import Database
from shared.domain.exports import ExportState, bundle_key, expiry_of, file_name, request_key
from shared.domain.imports import new_ordered_id
from shared.domain.principals import Principal
from shared.repositories import exports
from shared.repositories.collections import find_collection
from shared.repositories.exports import ExportKey
from shared.storage.protocol import ObjectStorage

ADDRESS_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Download:
    """Where a bundle is served until then; `url` has no host where the API itself serves it."""

    url: str
    expires_at: datetime


async def create_export(
    database: Database, storage: ObjectStorage, principal: Principal, collection: str, *, with_vectors: bool
) -> ExportRow:
    """The export, which waits for a worker. Raises CollectionNotFound, TooManyExports, StorageUnavailable."""
    async with database.unit_of_work(principal) as unit:
        made_before = written_before()
        key = ExportKey((await find_collection(unit, collection)).id, made_before or new_ordered_id())
        unit.concerns(key.id)
        if made_before is None:
            created = await exports.insert_export(unit, key, with_vectors=with_vectors)
        else:
            created = await exports.find_export(unit, key)
    await storage.put(request_key(*key), b"", "text/plain")
    return created


async def get_export(
    database: Database, storage: ObjectStorage, principal: Principal, collection: str, export_id: str
) -> tuple[ExportRow, Download | None]:
    """The export, and where its bundle is when it is complete and still kept.

    Raises CollectionNotFound, NotFound.
    """
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        row = await exports.find_export(unit, ExportKey(found.id, export_id))
    now = datetime.now(UTC)
    seconds = min(ADDRESS_SECONDS, int((expiry_of(row.created_at) - now).total_seconds()))
    if row.state != ExportState.COMPLETE or seconds <= 0:
        return row, None
    name = file_name(found.name, row.created_at)
    url = storage.presign_get(bundle_key(found.id, row.id), seconds=seconds, filename=name)
    return row, Download(url, now + timedelta(seconds=seconds))
