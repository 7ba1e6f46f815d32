"""One document as it is read, and the metadata fields there are."""

from datetime import datetime
from typing import Any, NamedTuple

from shared.database.rows import MetadataFieldRow
from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.errors import DocumentNotFound

SQL = SqlFile("shared.repositories.sql", "documents")


class StoredDocument(NamedTuple):
    """A document as callers see it."""

    id: str
    title: str | None
    body: str
    url: str | None
    metadata: dict[str, Any]
    page_starts: list[int]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    expires_by_ttl: bool
    # None also where the caller may not know them.
    readers: list[str] | None
    embedding_state: str
    embedding_error: str | None


class Numbered(NamedTuple):
    number: int


async def find_last_number(unit: UnitOfWork, collection_id: int) -> int:
    """That of the collection's newest document; 0 where there is none."""
    found = await unit.rows(SQL["find_last_number"], Numbered, collection_id=collection_id)
    return found[0].number


async def start_document(unit: UnitOfWork, collection: str, document_id: str) -> Pending[StoredDocument]:
    return await unit.start(SQL["find_document"], StoredDocument, collection=collection, id=document_id)


async def found_document(pending: Pending[StoredDocument], document_id: str) -> StoredDocument:
    """Raises DocumentNotFound, also when there is no such collection: look for that first."""
    document = await pending.row()
    if document is None:
        raise DocumentNotFound(details=[{"field": "id", "message": f"no {document_id}"}])
    return document


async def start_metadata_fields(unit: UnitOfWork, collection: str) -> Pending[MetadataFieldRow]:
    """The same as `list_metadata_fields`, in the round trip of the statement that follows."""
    return await unit.start(SQL["list_metadata_fields"], MetadataFieldRow, collection=collection)


async def list_metadata_fields(unit: UnitOfWork, collection: str) -> list[str]:
    """The top-level metadata fields that documents of the collection have or had."""
    fields = await start_metadata_fields(unit, collection)
    return [field.name for field in await fields.rows()]
