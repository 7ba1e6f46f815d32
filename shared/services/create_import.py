"""Take up an import: its bytes come along, or are uploaded to an address that is handed out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.database.boundaries import written_before
from shared.database.rows import ImportRow
from shared.database.units_of_work import Database
from shared.domain.imports import ImportFormat, ImportOptions, new_ordered_id, object_key
from shared.domain.principals import Principal
from shared.repositories import imports
from shared.repositories.collections import find_collection
from shared.repositories.imports import ImportKey
from shared.storage.protocol import ObjectStorage

UPLOAD_SECONDS = 3_600
_CONTENT_TYPES = {
    ImportFormat.NDJSON: "application/x-ndjson",
    ImportFormat.CSV: "text/csv",
    ImportFormat.FILE: "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """How the bytes get to the storage; `url` has no host where the API itself takes them."""

    url: str
    headers: dict[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewImport:
    format: ImportFormat
    name: str
    options: ImportOptions
    dry_run: bool
    # Of the upload, where its sender knows.
    size: int | None
    content: bytes | None


async def create_import(
    database: Database, storage: ObjectStorage, principal: Principal, collection: str, asked: NewImport
) -> tuple[ImportRow, Upload | None]:
    """The import, which waits for its bytes, and where they go unless they came along.

    Raises CollectionNotFound, StorageUnavailable.
    """
    size = asked.size if asked.content is None else len(asked.content)
    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, collection)
        made_before = written_before()
        key = ImportKey(found.id, made_before or new_ordered_id())
        unit.concerns(key.id)
        if made_before is None:
            created = await imports.insert_import(
                unit,
                key,
                format=asked.format,
                name=asked.name,
                object_key=object_key(*key),
                options=asked.options,
                dry_run=asked.dry_run,
                bytes_total=size,
            )
        else:
            created = await imports.find_import(unit, key)
    content_type = _CONTENT_TYPES[asked.format]
    if asked.content is not None:
        await storage.put(created.object_key, asked.content, content_type)
        return created, None
    url = storage.presign_put(
        created.object_key, seconds=UPLOAD_SECONDS, content_type=content_type, size=size
    )
    expires_at = datetime.now(UTC) + timedelta(seconds=UPLOAD_SECONDS)
    return created, Upload(url, {"content-type": content_type}, expires_at)
