"""One file as one document, and the file itself kept."""

import asyncio
import hashlib
import mimetypes
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

from shared.database.rows import ImportRow
from shared.domain.document_ids import document_id
from shared.domain.documents import MAX_TITLE_CHARACTERS, MAX_URL_CHARACTERS, DocumentInput
from shared.domain.import_items import document_of
from shared.domain.imports import MAX_FILE_BYTES, DirtyPolicy, ItemProblem, OriginalFile, original_key
from shared.errors import PayloadTooLarge, UnreadableFile
from shared.parsing.parse_file import parse_file
from shared.storage.protocol import ObjectStorage

_ANY_TYPE = "application/octet-stream"


@asynccontextmanager
async def read_import_file(
    storage: ObjectStorage, row: ImportRow
) -> AsyncIterator[tuple[DocumentInput | ItemProblem, OriginalFile | None]]:
    """The document that the file is, and what is to be recorded of its original, which is kept by then.

    Raises ObjectNotFound, StorageUnavailable.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        try:
            await storage.download(row.object_key, path, at_most=MAX_FILE_BYTES)
            parsed = await parse_file(path, row.name)
        except (UnreadableFile, PayloadTooLarge) as error:
            yield ItemProblem(1, document_id(row.name), error.code, error.message), None
            return
        fields = {
            "id": document_id(row.name),
            "title": (parsed.title or PurePosixPath(row.name).stem)[:MAX_TITLE_CHARACTERS],
            "body": parsed.body,
            "url": row.name[:MAX_URL_CHARACTERS],
            "metadata": dict(parsed.metadata),
            "page_starts": list(parsed.page_starts),
        }
        outcome = document_of(1, fields, DirtyPolicy.COERCE)
        if row.dry_run or isinstance(outcome, ItemProblem):
            yield outcome, None
            return
        original = await _keep(storage, row, path)
        yield outcome, original


async def _keep(storage: ObjectStorage, row: ImportRow, path: Path) -> OriginalFile:
    sha256 = await asyncio.to_thread(_digest, path)
    key = original_key(row.collection_id, row.id, row.run)
    content_type = mimetypes.guess_type(row.name)[0] or _ANY_TYPE
    await storage.put(key, path, content_type)
    return OriginalFile(key, PurePosixPath(row.name).name, content_type, row.bytes_total or 0, sha256)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
