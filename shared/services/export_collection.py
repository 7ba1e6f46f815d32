"""A collection as a bundle, line by line."""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.rows import DocumentRow
from shared.database.units_of_work import Database
from shared.domain.bundles import BundleHeader, BundleLines, shown_numbers
from shared.domain.chunks import GIVEN_HASH
from shared.domain.documents import fields_of
from shared.domain.principals import Principal
from shared.repositories import bundles
from shared.repositories.bundles import ExportedCollection
from shared.repositories.collections import find_collection
from shared.services.gone_documents import read_gone

# Of documents that are in memory together, with their vectors.
DOCUMENTS_PER_UNIT = 200
BYTES_PER_UNIT = 4_000_000


class NumberRange(NamedTuple):
    """Documents by their numbers, from the one after `after` to `until`.

    What is stored later has a higher number as long as the newest document stays, so that an end that was
    fixed at the beginning is reached, and a document that is deleted and comes again is not met twice.
    """

    after: int
    until: int


class ExportedDocument(NamedTuple):
    """A document, and its chunks' vectors as a bundle has them."""

    row: DocumentRow
    chunks: list[dict[str, str]]

    def line(self, lines: BundleLines) -> bytes:
        fields, chunks = _sent(self.row), self.chunks
        if chunks and chunks[0]["hash"] == GIVEN_HASH.hex():
            # It came with the document, and is to come with it again.
            fields, chunks = {**fields, "vector": shown_numbers(chunks[0]["vector"])}, []
        return lines.document(fields, _times(self.row), chunks)


async def export_collection(
    database: Database, principal: Principal, name: str, *, with_vectors: bool
) -> AsyncIterator[bytes]:
    """The lines of the bundle of the collection of that name or alias. Raises CollectionNotFound.

    What others write meanwhile is in it or not, each document as a whole.
    """
    # Whoever builds a bundle in parts has its end from the beginning, and starts without this.
    from shared.repositories.documents import find_last_number  # noqa: PLC0415

    async with database.unit_of_work(principal) as unit:
        found = await find_collection(unit, name)
        collection = await bundles.find_exported(unit, found.id)
        until = await find_last_number(unit, found.id)
    lines = BundleLines()
    yield lines.header(header_of(collection, with_vectors=with_vectors))
    numbers = NumberRange(0, until)
    async with aclosing(
        exported_groups(database, principal, collection, numbers, with_vectors=with_vectors)
    ) as groups:
        async for documents in groups:
            for document in documents:
                yield document.line(lines)
    yield lines.footer()


def header_of(collection: ExportedCollection, *, with_vectors: bool) -> BundleHeader:
    wanted = {
        "name": collection.name,
        "language": collection.language,
        "chunking": collection.chunking,
        "embedding_template": collection.embedding_template,
        "ttl_seconds": collection.ttl_seconds,
        "settings": collection.settings,
    }
    if collection.own_vectors:
        space = {"model": collection.model, "dimensions": collection.dimensions}
        wanted["embedding"] = {"provider": "own", **space}
    return BundleHeader.of(wanted, collection.model, collection.dimensions, vectors=with_vectors)


def _sent(document: DocumentRow) -> dict[str, Any]:
    return {name: value for name, value in fields_of(document).items() if name != "expires_at"}


def _times(document: DocumentRow) -> dict[str, datetime | None]:
    return {
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "ttl_expires_at" if document.expires_by_ttl else "expires_at": document.expires_at,
    }


async def exported_groups(
    database: Database,
    principal: Principal,
    collection: ExportedCollection,
    numbers: NumberRange,
    *,
    with_vectors: bool,
) -> AsyncGenerator[list[ExportedDocument]]:
    """The documents in the order of their numbers, as many at once as are read in one unit of work."""
    gone = read_gone(collection.gone)
    after = numbers.after
    while True:
        chunks: dict[int, list[dict[str, str]]] = defaultdict(list)
        async with database.unit_of_work(principal) as unit:
            documents = await bundles.list_exported(
                unit,
                collection.id,
                gone,
                after=after,
                until=numbers.until,
                limit=DOCUMENTS_PER_UNIT,
                room=BYTES_PER_UNIT,
            )
            wanted = [document.number for document in documents] if with_vectors else []
            for number, digest, vector in await bundles.list_vectors(unit, collection.id, wanted):
                chunks[number].append({"hash": digest, "vector": vector})
        if not documents:
            return
        yield [ExportedDocument(document, chunks[document.number]) for document in documents]
        after = documents[-1].number
