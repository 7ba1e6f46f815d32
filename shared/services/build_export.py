"""Build the bundle of an export in the storage, a part at a time, each with how far it has come."""

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.database.rows import ExportRow
from shared.database.units_of_work import Database
from shared.domain.exports import CONTENT_TYPE, KEPT, MAX_ATTEMPTS, bundle_key, request_key
from shared.domain.principals import Principal
from shared.errors import ConcordError, ExportInterrupted, ObjectNotFound, Unavailable
from shared.repositories import bundles, exports
from shared.repositories.exports import ExportKey, StoredPart
from shared.services.bundle_parts import BundlePart, next_part
from shared.storage.protocol import ObjectStorage

# A part is read and stored in less.
LEASE_SECONDS = 120.0


class TakenAway(Exception):
    """Somebody else goes on with the export, or its collection was deleted."""


@dataclass(slots=True)
class ExportRun:
    """Works on exports until `deadline`, on the monotonic clock."""

    database: Database
    storage: ObjectStorage
    principal: Principal
    deadline: float
    holder: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def build(self, key: ExportKey) -> None:
        """Go on with the export after its last part, unless it is over or in other hands.

        Out of time, it asks for another call and leaves the rest to that. Raises Unavailable when the
        database or the storage is: whoever called then calls again, or the lease ends.
        """
        async with self.database.unit_of_work(self.principal) as unit:
            row = await exports.claim(unit, key, holder=self.holder, lease_seconds=LEASE_SECONDS)
        if row is None:
            return
        try:
            if row.attempts > MAX_ATTEMPTS:
                raise ExportInterrupted
            is_done = await self._build(key, row)
        except TakenAway:
            return
        except Unavailable:
            await self._release(key)
            raise
        except ObjectNotFound:
            lost = "The storage has given up the parts of the bundle; start another export."
            await self._fail(key, ExportInterrupted(lost))
            return
        except ConcordError as error:
            await self._fail(key, error)
            return
        if not is_done:
            await self._release(key)
            await self.storage.put(request_key(*key), b"", "text/plain")

    async def build_due(self, *, at_most: int = 20) -> int:
        """Go on with what nobody works on; returns how many exports were looked at."""
        async with self.database.unit_of_work(self.principal) as unit:
            due = await exports.find_due(unit, at_most)
        for key in due:
            if time.monotonic() < self.deadline:
                await self.build(key)
        return len(due)

    async def remove_stale(self, *, at_most: int = 20) -> None:
        """Remove the bundles whose time is over, and those of deleted collections."""
        async with self.database.unit_of_work(self.principal) as unit:
            stale = await exports.find_stale(unit, datetime.now(UTC) - KEPT, at_most)
        for collection_id, export_id, upload_id in stale:
            key = ExportKey(collection_id, export_id)
            if upload_id is not None:
                await self.storage.abort_upload(bundle_key(*key), upload_id)
            await self.storage.delete([bundle_key(*key), request_key(*key)])
            async with self.database.unit_of_work(self.principal) as unit:
                await exports.forget(unit, key)

    async def _build(self, key: ExportKey, row: ExportRow) -> bool:
        """Store what is left, and whether all is: not when the deadline came first."""
        async with self.database.unit_of_work(self.principal) as unit:
            collection = await bundles.find_exported(unit, key.collection_id)
        while not row.sealed:
            part = await next_part(self.database, self.principal, collection, row)
            if part.is_last and not row.parts:
                await self.storage.put(bundle_key(*key), part.data, CONTENT_TYPE)
                await self._complete(key, part.made.documents, len(part.data))
                return True
            row = await self._store(key, row, part)
            if time.monotonic() > self.deadline:
                return False
        await self._put_together(key, row)
        await self._complete(key, row.documents, row.bytes)
        return True

    async def _store(self, key: ExportKey, row: ExportRow, part: BundlePart) -> ExportRow:
        """The export with the part. Raises TakenAway."""
        object_key = bundle_key(*key)
        upload_id = row.upload_id or await self.storage.start_upload(object_key, CONTENT_TYPE)
        etag = await self.storage.put_part(object_key, upload_id, len(row.parts) + 1, part.data)
        stored = StoredPart(part.made, part.reached, len(part.data), upload_id, etag, part.is_last)
        async with self.database.unit_of_work(self.principal) as unit:
            kept = await exports.checkpoint(
                unit, key, stored, holder=self.holder, lease_seconds=LEASE_SECONDS
            )
        if kept is None:
            raise TakenAway
        return kept

    async def _put_together(self, key: ExportKey, row: ExportRow) -> None:
        object_key = bundle_key(*key)
        try:
            await self.storage.complete_upload(object_key, row.upload_id or "", row.parts)
        except ObjectNotFound:
            # A run before this one was killed when it had done so.
            if await self.storage.head(object_key) is None:
                raise

    async def _complete(self, key: ExportKey, documents: int, size: int) -> None:
        async with self.database.unit_of_work(self.principal) as unit:
            await exports.complete(unit, key, documents=documents, size=size, holder=self.holder)

    async def _release(self, key: ExportKey) -> None:
        async with self.database.unit_of_work(self.principal) as unit:
            await exports.release(unit, key, holder=self.holder)

    async def _fail(self, key: ExportKey, error: ConcordError) -> None:
        async with self.database.unit_of_work(self.principal) as unit:
            failed = await exports.fail(unit, key, error, holder=self.holder)
        if failed is not None and failed.upload_id is not None:
            # What cannot be removed now is by the bucket's own rule.
            with suppress(Unavailable):
                await self.storage.abort_upload(bundle_key(*key), failed.upload_id)
