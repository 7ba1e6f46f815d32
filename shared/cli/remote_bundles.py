"""Bundles over HTTP: what the API tells of a collection, and what it takes."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from shared.cli.api_client import ApiError, ConcordApi
from shared.cli.document_sources import SourcedDocument
from shared.cli.ingestion import IngestReport, ingest
from shared.domain.bundles import BundleHeader, BundleLines, has_documents_already, read_document
from shared.domain.collection_settings import CollectionSettings
from shared.domain.documents import DocumentInput
from shared.domain.new_collections import NewCollection

_PAGE = 100
_CONFLICT = 409


async def export_over_http(api: ConcordApi, name: str) -> AsyncIterator[bytes]:
    """The lines of the collection's bundle, without vectors, by document id."""
    found = await api.collection(name)
    wanted = {field: found[field] for field in NewCollection.model_fields if field in found}
    wanted["settings"] = CollectionSettings.model_validate(found["settings"]).stored()
    lines = BundleLines()
    yield lines.header(BundleHeader.of(wanted, found["model"], found["dimensions"], vectors=False))
    async for document in api.listed(f"/v1/collections/{name}/documents", "documents", limit=_PAGE):
        fields = {field: document[field] for field in DocumentInput.model_fields if field != "expires_at"}
        yield lines.document(fields, _times(document), [])
    yield lines.footer()


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

    Raises Conflict for a collection that has documents, InvalidBundle for a line that is no document.
    """
    wanted = header.collection.model_copy(update={"name": name})
    try:
        await api.request("POST", "/v1/collections", body=wanted.model_dump(mode="json", exclude_unset=True))
    except ApiError as error:
        if error.answered_status != _CONFLICT:
            raise
        if not merge and (await api.collection(name))["documents"]:
            raise has_documents_already(name) from None
    return await ingest(api, name, _documents(lines), on_progress)


def _times(document: dict[str, Any]) -> dict[str, datetime | None]:
    expiry = document["expires_at"]
    return {
        "created_at": datetime.fromisoformat(document["created_at"]),
        "updated_at": datetime.fromisoformat(document["updated_at"]),
        "ttl_expires_at" if document["expires_by_ttl"] else "expires_at": (
            None if expiry is None else datetime.fromisoformat(expiry)
        ),
    }


def _documents(lines: Iterable[bytes]) -> Iterator[SourcedDocument]:
    """Without those that have expired since they were exported."""
    for (number, line), _ in pairwise(enumerate(lines, 1)):
        if number > 1:
            document = read_document(line, number)
            if document.expires_at is not None and document.expires_at <= datetime.now(UTC):
                continue
            fields: dict[str, Any] = document.model_dump(mode="json", include=set(DocumentInput.model_fields))
            yield SourcedDocument(f"line {number}", fields)
