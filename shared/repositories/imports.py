"""Imports, their errors, and the files that documents were made from."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.rows import ImportRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain.imports import (
    MOST_ERRORS_KEPT,
    DirtyPolicy,
    ImportCounts,
    ImportFormat,
    ImportOptions,
    ImportState,
    ItemProblem,
    OriginalFile,
)
from shared.errors import ConcordError, DocumentNotFound, NotFound, OriginalNotFound
from shared.repositories.collections import find_name

SQL = SqlFile("shared.repositories.sql", "imports")


class Identified(NamedTuple):
    id: int


class ImportKey(NamedTuple):
    collection_id: int
    id: str


class ErrorLine(NamedTuple):
    line: int


class Original(NamedTuple):
    """A document's file; all are None where it has none."""

    collection_id: int | None
    document_number: int | None
    object_key: str | None
    file_name: str | None
    content_type: str | None
    size: int | None
    sha256: bytes | None


class DiscardedOriginal(NamedTuple):
    """A file that a document had. `is_used` says that another one has it still."""

    object_key: str
    is_used: bool


class Progress(NamedTuple):
    """How far an import is: everything before byte `bytes_read` is done."""

    counts: ImportCounts
    lines: int
    bytes_read: int
    bytes_total: int | None
    columns: Sequence[str]


async def insert_import(
    unit: UnitOfWork,
    key: ImportKey,
    *,
    format: ImportFormat,  # noqa: A002 - the column's name.
    name: str,
    object_key: str,
    options: ImportOptions,
    dry_run: bool,
    bytes_total: int | None,
) -> ImportRow:
    inserted = await unit.rows(
        SQL["insert_import"],
        ImportRow,
        **key._asdict(),
        format=format,
        name=name,
        object_key=object_key,
        policy=options.policy,
        dry_run=dry_run,
        id_field=options.id_field,
        bytes_total=bytes_total,
    )
    return inserted[0]


async def find_import(unit: UnitOfWork, key: ImportKey) -> ImportRow:
    """Raises NotFound."""
    found = await unit.row(SQL["find_import"], ImportRow, **key._asdict())
    if found is None:
        raise NotFound(
            "There is no import with that id in the collection.",
            details=[{"field": "id", "message": f"no {key.id}"}],
        )
    return found


async def list_imports(unit: UnitOfWork, collection_id: int, *, before: str, limit: int) -> list[ImportRow]:
    """The newest first, from the one before `before`, or from the newest of all when that is empty."""
    return await unit.rows(
        SQL["list_imports"], ImportRow, collection_id=collection_id, before=before, limit=limit
    )


async def list_errors(
    unit: UnitOfWork, key: ImportKey, *, run: int, after: int, limit: int
) -> list[ItemProblem]:
    """Those of lines after that one, in their order."""
    return await unit.rows(
        SQL["list_errors"], ItemProblem, **key._asdict(), run=run, after=after, limit=limit
    )


async def claim(
    unit: UnitOfWork, key: ImportKey, *, holder: str, lease_seconds: float
) -> tuple[ImportRow, str] | None:
    """The import and its collection's name; None when it is not there, over, or in other hands."""
    claimed = await unit.row(
        SQL["claim_import"], ImportRow, **key._asdict(), holder=holder, lease_seconds=lease_seconds
    )
    name = await find_name(unit, key.collection_id)
    return (claimed, name) if claimed and name else None


async def checkpoint(
    unit: UnitOfWork, key: ImportKey, progress: Progress, *, holder: str, lease_seconds: float
) -> bool:
    """Keep what has been done; false when the import is not the holder's any more."""
    kept = await unit.row(
        SQL["checkpoint_import"],
        Identified,
        **key._asdict(),
        **progress.counts._asdict(),
        lines=progress.lines,
        bytes_read=progress.bytes_read,
        bytes_total=progress.bytes_total,
        columns=list(progress.columns),
        holder=holder,
        lease_seconds=lease_seconds,
    )
    return kept is not None


async def note_errors(
    unit: UnitOfWork, key: ImportKey, run: int, problems: Sequence[ItemProblem], *, already: int
) -> None:
    """Keep what is wrong with these lines, as far as there is room beside those kept `already`."""
    kept = problems[: max(MOST_ERRORS_KEPT - already, 0)]
    if kept:
        await unit.send(
            SQL["note_errors"],
            **key._asdict(),
            run=run,
            lines=[problem.line for problem in kept],
            document_ids=[problem.document_id for problem in kept],
            codes=[problem.code for problem in kept],
            messages=[problem.message for problem in kept],
        )


async def release(unit: UnitOfWork, key: ImportKey, *, holder: str) -> None:
    """Let the next one go on from the last checkpoint."""
    await unit.send(SQL["release_import"], **key._asdict(), holder=holder)


async def end(
    unit: UnitOfWork,
    key: ImportKey,
    state: ImportState,
    *,
    run: int,
    holder: str,
    error: ConcordError | None = None,
) -> None:
    """The import is over, unless it was cancelled meanwhile; errors of earlier runs go."""
    await unit.send(
        SQL["end_import"],
        **key._asdict(),
        state=state,
        holder=holder,
        error_code=error and error.code,
        error=error and error.message,
    )
    await unit.send(SQL["forget_earlier_errors"], **key._asdict(), run=run)


async def failed_lines(unit: UnitOfWork, key: ImportKey, run: int) -> set[int]:
    found = await unit.rows(SQL["failed_lines"], ErrorLine, **key._asdict(), run=run)
    return {error.line for error in found}


async def cancel(unit: UnitOfWork, key: ImportKey) -> ImportRow | None:
    """None when it was over already."""
    return await unit.row(SQL["cancel_import"], ImportRow, **key._asdict())


async def restart(unit: UnitOfWork, key: ImportKey, policy: DirtyPolicy | None) -> ImportRow | None:
    """Have the failed items read again; None when it is not over."""
    return await unit.row(
        SQL["restart_import"], ImportRow, **key._asdict(), policy=policy, most_errors=MOST_ERRORS_KEPT
    )


async def find_due(unit: UnitOfWork, limit: int) -> list[ImportKey]:
    return await unit.rows(SQL["find_due_imports"], ImportKey, limit=limit)


async def record_original(
    unit: UnitOfWork,
    collection_id: int,
    document_id: str,
    original: OriginalFile,
) -> None:
    """The document, which is stored, was made from this file."""
    await unit.send(
        SQL["record_original"],
        collection_id=collection_id,
        document_id=document_id,
        **original._asdict(),
    )


async def find_original(unit: UnitOfWork, collection_id: int, document_id: str) -> tuple[str, str]:
    """The object's key and the file's name. Raises DocumentNotFound, OriginalNotFound."""
    found = await unit.row(
        SQL["find_original"], Original, collection_id=collection_id, document_id=document_id
    )
    if found is None:
        raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])
    if found.object_key is None or found.file_name is None:
        raise OriginalNotFound
    return found.object_key, found.file_name


async def list_discarded(unit: UnitOfWork, limit: int) -> list[DiscardedOriginal]:
    """The files that documents have had, those that were discarded first."""
    return await unit.rows(SQL["list_discarded"], DiscardedOriginal, limit=limit)


async def forget_discarded(unit: UnitOfWork, object_keys: Sequence[str]) -> None:
    await unit.send(SQL["forget_discarded"], object_keys=list(object_keys))
