"""The documents of one import that somebody holds, stored in the order they come in."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.cache.protocol import Cache
from shared.database.rows import ImportRow
from shared.database.units_of_work import Database, UnitOfWork
from shared.domain.document_writes import WritePlan, WriteStatus
from shared.domain.documents import DocumentInput
from shared.domain.import_items import LinesReader, RowsReader
from shared.domain.imports import DirtyPolicy, ImportCounts, ImportFormat, ImportOptions, OriginalFile
from shared.domain.principals import Principal
from shared.errors import ConcordError, QuotaExceeded
from shared.queues.protocol import EmbedQueue
from shared.repositories import collections, document_storage, imports
from shared.repositories.imports import ImportKey, Progress
from shared.services.gone_documents import shown_of
from shared.services.import_groups import Group, groups
from shared.services.index_documents import hash_documents
from shared.services.read_import_file import read_import_file
from shared.services.upsert_documents import PreparedGroup, find_group, prepare_group, store_prepared
from shared.storage.protocol import ObjectStorage

# A group is stored, and a file read, in less.
LEASE_SECONDS = 120.0


class TakenAway(Exception):
    """The import was cancelled, or its lease ended and somebody else goes on with it."""


class Step(NamedTuple):
    """A group, the columns of its file, and its documents being prepared, where they are to be stored."""

    group: Group
    columns: Sequence[str]
    preparing: asyncio.Task[PreparedGroup] | None


@dataclass(slots=True)
class ImportWork:
    """`row` is the import as it was claimed; it changes with each group."""

    database: Database
    storage: ObjectStorage
    cache: Cache
    queue: EmbedQueue
    principal: Principal
    holder: str
    row: ImportRow
    collection: str

    @property
    def key(self) -> ImportKey:
        return ImportKey(self.row.collection_id, self.row.id)

    async def read(self, size: int, deadline: float) -> bool:
        """Store what is left, and whether all was: not when `deadline` came first.

        Raises TakenAway, InvalidRequest, CollectionNotFound, ObjectNotFound, Unavailable.
        """
        self.row = self.row._replace(bytes_total=size)
        if self.row.format == ImportFormat.FILE:
            await self._store_file()
            return True
        reader = await self._reader()
        async with (
            aclosing(self.storage.chunks(self.row.object_key, start=self.row.bytes_read)) as pieces,
            aclosing(groups(pieces, reader, await self._counted_lines())) as found,
            aclosing(self._steps(found, reader)) as steps,
        ):
            if not await self._store_all(steps, deadline):
                return False
        end = Group(lines=reader.lines, end=size)
        await self._store(await self._begin(end, reader.columns))
        return True

    async def _store_all(self, steps: AsyncIterator[Step], deadline: float) -> bool:
        """While the database stores a group, the next one is prepared and the one after it read."""
        storing: asyncio.Task[None] | None = None
        try:
            async for step in steps:
                if storing is not None:
                    await storing
                if time.monotonic() > deadline:
                    await _give_up(step.preparing)
                    return False
                storing = asyncio.create_task(self._store(step))
            if storing is not None:
                await storing
        except ConcordError:
            if storing is not None:
                await storing
            raise
        finally:
            await _give_up(storing)
        return True

    async def _steps(
        self, found: AsyncIterator[Group], reader: LinesReader | RowsReader
    ) -> AsyncGenerator[Step]:
        """Each group when the next one has been looked up: that needs the connection that storing holds.

        A file that cannot be read on raises when the groups before are there.
        """
        begun: deque[Step] = deque()
        problem: ConcordError | None = None
        try:
            try:
                async for group in found:
                    begun.append(await self._begin(group, reader.columns))
                    if len(begun) > 1:
                        yield begun.popleft()
            except ConcordError as error:
                problem = error
            if begun:
                yield begun.popleft()
            if problem is not None:
                raise problem
        finally:
            await _give_up(*(step.preparing for step in begun))

    async def _begin(self, group: Group, columns: Sequence[str]) -> Step:
        """Raises CollectionNotFound."""
        if self.row.dry_run or not group.documents:
            return Step(group, columns, None)
        found = await find_group(self.database, self.principal, self.collection, group.documents)
        return Step(group, columns, asyncio.create_task(prepare_group(found)))

    async def _reader(self) -> LinesReader | RowsReader:
        async with self.database.unit_of_work(self.principal) as unit:
            dimensions = (await collections.find_collection(unit, self.collection)).dimensions
        options = ImportOptions(DirtyPolicy(self.row.policy), self.row.id_field, dimensions)
        start, line = self.row.bytes_read, self.row.lines
        if self.row.format == ImportFormat.NDJSON:
            return LinesReader(options, start=start, line=line)
        return RowsReader(options, start=start, line=line, columns=self.row.columns if start else ())

    async def _counted_lines(self) -> Callable[[int], bool]:
        """Which lines are not passed over."""
        if not self.row.only_failed:
            return lambda _: True
        async with self.database.unit_of_work(self.principal) as unit:
            failed = await imports.failed_lines(unit, self.key, self.row.run - 1)
        return failed.__contains__

    async def _store_file(self) -> None:
        async with read_import_file(self.storage, self.row) as (outcome, original):
            group = Group(end=self.row.bytes_total or 0, lines=1)
            if isinstance(outcome, DocumentInput):
                group.put(outcome, line=1)
            else:
                group.problems.append(outcome)
            await self._store(await self._begin(group, ()), original)

    async def _store(self, step: Step, original: OriginalFile | None = None) -> None:
        """The group and the checkpoint behind it, together or not at all. Raises TakenAway."""
        group, columns, preparing = step
        if preparing is not None:

            async def keep(unit: UnitOfWork, plan: WritePlan) -> None:
                for document_id, status in plan.statuses.items():
                    if status is WriteStatus.REFUSED:
                        group.refuse(document_id, QuotaExceeded())
                await self._checkpoint(unit, group, list(plan.statuses.values()), columns)
                if original is not None and not group.problems:
                    await imports.record_original(
                        unit, self.row.collection_id, group.documents[0].id, original
                    )

            prepared = await preparing
            await store_prepared(self.database, self.cache, self.queue, self.principal, prepared, within=keep)
            return
        async with self.database.unit_of_work(self.principal) as unit:
            statuses = await self._foreseen(unit, group.documents)
            await self._checkpoint(unit, group, statuses, columns)

    async def _foreseen(self, unit: UnitOfWork, documents: Sequence[DocumentInput]) -> list[WriteStatus]:
        """What storing them would make of them."""
        if not documents:
            return []
        found = await collections.find_collection(unit, self.collection)
        ids = [document.id for document in documents]
        versions = await document_storage.find_versions(unit, found.id, ids)
        shown = await shown_of(unit, found.id, found.gone, ids)
        statuses = []
        for document, hashes in hash_documents(found, documents):
            version = versions.get(document.id)
            if version is None or document.id not in shown:
                statuses.append(WriteStatus.CREATED)
            else:
                same = version.content_hash == hashes.content
                statuses.append(WriteStatus.UNCHANGED if same else WriteStatus.UPDATED)
        return statuses

    async def _checkpoint(
        self, unit: UnitOfWork, group: Group, statuses: list[WriteStatus], columns: Sequence[str]
    ) -> None:
        row = self.row
        before = ImportCounts(row.created, row.updated, row.unchanged, row.failed)
        counts = before.of(statuses, len(group.problems))
        progress = Progress(counts, group.lines, group.end, row.bytes_total, columns)
        await imports.note_errors(unit, self.key, row.run, group.problems, already=row.failed)
        if not await imports.checkpoint(
            unit, self.key, progress, holder=self.holder, lease_seconds=LEASE_SECONDS
        ):
            raise TakenAway
        self.row = row._replace(**counts._asdict(), lines=group.lines, bytes_read=group.end)


async def _give_up(*tasks: asyncio.Task[Any] | None) -> None:
    """Nothing of them goes on; what they raised is of no interest any more."""
    started = [task for task in tasks if task is not None]
    for task in started:
        task.cancel()
    await asyncio.gather(*started, return_exceptions=True)
