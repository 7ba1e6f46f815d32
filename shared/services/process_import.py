"""Read an import's bytes and store its documents, a group at a time, each with how far it has come."""

import time
import uuid
from dataclasses import dataclass, field

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.imports import (
    MAX_IMPORT_BYTES,
    ImportState,
    object_key,
    wake_up_key,
)
from shared.domain.principals import Principal
from shared.errors import ConcordError, PayloadTooLarge, Unavailable
from shared.queues.protocol import WriteQueues
from shared.repositories import audit, imports
from shared.repositories.imports import ImportKey
from shared.services.announce_writes import ask_for_maintenance
from shared.services.import_documents import LEASE_SECONDS, ImportWork, TakenAway
from shared.storage.protocol import ObjectStorage


@dataclass(slots=True)
class ImportRun:
    """Works on imports until `deadline`, on the monotonic clock."""

    database: Database
    storage: ObjectStorage
    cache: Cache
    queues: WriteQueues
    principal: Principal
    deadline: float
    holder: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def process(self, key: ImportKey) -> None:
        """Go on with the import from its last checkpoint, unless it is over or in other hands.

        Out of time, it asks for another call and leaves the rest to that. Raises Unavailable when the
        database or the storage is: whoever called then calls again, or the lease ends.
        """
        found = await self.storage.head(object_key(*key))
        if found is None:
            return
        async with self.database.unit_of_work(self.principal) as unit:
            claimed = await imports.claim(unit, key, holder=self.holder, lease_seconds=LEASE_SECONDS)
        if claimed is None:
            return
        row, collection = claimed
        work = ImportWork(
            self.database,
            self.storage,
            self.cache,
            self.queues.embed,
            self.principal,
            self.holder,
            row,
            collection,
        )
        try:
            if found.size > MAX_IMPORT_BYTES:
                raise PayloadTooLarge(f"An import may have {MAX_IMPORT_BYTES:,} bytes.")
            is_done = await work.read(found.size, self.deadline)
        except TakenAway:
            return
        except Unavailable:
            await self._release(key)
            raise
        except ConcordError as error:
            await self._end(key, row.run, ImportState.FAILED, error)
            return
        await ask_for_maintenance(self.queues.maintain)
        if is_done:
            await self._end(key, row.run, ImportState.DONE)
            return
        await self._release(key)
        await self.storage.put(wake_up_key(*key), b"", "text/plain")

    async def process_due(self, *, at_most: int = 20) -> int:
        """Go on with what nobody works on; returns how many imports were looked at."""
        async with self.database.unit_of_work(self.principal) as unit:
            due = await imports.find_due(unit, at_most)
        for key in due:
            if time.monotonic() < self.deadline:
                await self.process(key)
        return len(due)

    async def remove_discarded(self, *, at_most: int = 200) -> None:
        """Remove the files of documents that are gone, or were made from another file since."""
        async with self.database.unit_of_work(self.principal) as unit:
            discarded = await imports.list_discarded(unit, at_most)
        if not discarded:
            return
        await self.storage.delete([found.object_key for found in discarded if not found.is_used])
        async with self.database.unit_of_work(self.principal) as unit:
            await imports.forget_discarded(unit, [found.object_key for found in discarded])

    async def _release(self, key: ImportKey) -> None:
        async with self.database.unit_of_work(self.principal) as unit:
            await imports.release(unit, key, holder=self.holder)

    async def _end(
        self, key: ImportKey, run: int, state: ImportState, error: ConcordError | None = None
    ) -> None:
        async with self.database.unit_of_work(self.principal) as unit:
            await audit.append(unit, "imports.process", key.collection_id, key.id)
            await imports.end(unit, key, state, run=run, holder=self.holder, error=error)
