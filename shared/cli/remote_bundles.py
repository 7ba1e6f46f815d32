"""Bundles over HTTP: what a deployment builds, and documents as it takes them."""

import asyncio
import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, BinaryIO

from shared.cli.api_client import ApiError, ConcordApi
from shared.cli.document_sources import SourcedDocument
from shared.cli.ingestion import IngestReport, ingest
from shared.domain.bundles import BundleHeader, has_documents_already, read_document
from shared.domain.documents import STORED_FIELDS, DocumentInput
from shared.domain.exports import ExportState
from shared.errors import ExportInterrupted

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_CONFLICT = 409


async def export_over_http(
    api: ConcordApi,
    name: str,
    file: BinaryIO,
    on_progress: Callable[[int, int], None],
    *,
    with_vectors: bool,
) -> int:
    """Have the collection's bundle built, and write its lines; returns how many documents it has.

    `on_progress` gets how many are in it, and of how many. Raises ApiError, ApiUnreachable, and
    ExportInterrupted when it cannot be built.
    """
    exports = f"/v1/collections/{name}/exports"
    found = await api.request("POST", exports, body={"vectors": with_vectors})
    pause = _FIRST_PAUSE
    while found["state"] in {ExportState.WAITING, ExportState.RUNNING}:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        found = await api.request("GET", f"{exports}/{found['id']}")
        on_progress(found["documents"], found["documents_total"])
    if found["state"] == ExportState.FAILED:
        raise ExportInterrupted(found["error"])
    with tempfile.TemporaryFile() as packed:
        await api.download(found["download"]["url"], packed)
        packed.seek(0)
        with gzip.open(packed) as lines:
            await asyncio.to_thread(shutil.copyfileobj, lines, file)
    documents: int = found["documents"]
    return documents


async def import_over_http(
    api: ConcordApi,
    name: str,
    header: BundleHeader,
    lines: Iterable[bytes],
    on_progress: Callable[[int], None],
    *,
    merge: bool,
) -> IngestReport:
    """Store the documents of a bundle that has been checked; their times are those of the import.

    Vectors that came with documents come along where the collection has those of the same model.
    Raises Conflict for a collection that has documents, InvalidBundle for a line that is no document.
    """
    wanted = header.collection.model_copy(update={"name": name})
    try:
        found = await api.request(
            "POST", "/v1/collections", body=wanted.model_dump(mode="json", exclude_unset=True)
        )
    except ApiError as error:
        if error.answered_status != _CONFLICT:
            raise
        found = await api.collection(name)
        if not merge and found["documents"]:
            raise has_documents_already(name) from None
    theirs = header.embedding
    fits = header.vectors and (theirs.model, theirs.dimensions) == (found["model"], found["dimensions"])
    sent = set(DocumentInput.model_fields if fits else STORED_FIELDS)
    return await ingest(api, name, _documents(lines, sent), on_progress)


def _documents(lines: Iterable[bytes], sent: set[str]) -> Iterator[SourcedDocument]:
    """Without those that have expired since they were exported."""
    for (number, line), _ in pairwise(enumerate(lines, 1)):
        if number > 1:
            document = read_document(line, number)
            if document.expires_at is not None and document.expires_at <= datetime.now(UTC):
                continue
            fields: dict[str, Any] = document.model_dump(mode="json", include=sent)
            yield SourcedDocument(f"line {number}", fields)
