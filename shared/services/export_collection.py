"""A collection as a bundle, line by line."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from shared.database.rows import DocumentRow
from shared.database.units_of_work import Database
from shared.domain.bundles import BundleHeader, BundleLines
from shared.domain.documents import fields_of
from shared.domain.principals import Principal
from shared.repositories import bundles
from shared.repositories.bundles import ExportedCollection

# Of documents that are in memory together, with their vectors.
DOCUMENTS_PER_UNIT = 200
BYTES_PER_UNIT = 4_000_000


async def export_collection(
    database: Database, principal: Principal, name: str, *, with_vectors: bool
) -> AsyncIterator[bytes]:
    """The lines of the collection's bundle. Raises CollectionNotFound.

    What others write meanwhile is in it or not, each document as a whole.
    """
    async with database.unit_of_work(principal) as unit:
        collection = await bundles.find_exported(unit, name)
    lines = BundleLines()
    yield lines.header(_header(collection, with_vectors=with_vectors))
    last = 0
    while True:
        chunks: dict[int, list[dict[str, str]]] = defaultdict(list)
        async with database.unit_of_work(principal) as unit:
            documents = await bundles.list_exported(
                unit, collection.id, after=last, limit=DOCUMENTS_PER_UNIT, room=BYTES_PER_UNIT
            )
            numbers = [document.number for document in documents] if with_vectors else []
            for number, digest, vector in await bundles.list_vectors(unit, collection.id, numbers):
                chunks[number].append({"hash": digest, "vector": vector})
        if not documents:
            break
        for document in documents:
            yield lines.document(_sent(document), _times(document), chunks[document.number])
        last = documents[-1].number
    yield lines.footer()


def _sent(document: DocumentRow) -> dict[str, Any]:
    return {name: value for name, value in fields_of(document).items() if name != "expires_at"}


def _times(document: DocumentRow) -> dict[str, datetime | None]:
    return {
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "ttl_expires_at" if document.expires_by_ttl else "expires_at": document.expires_at,
    }


def _header(collection: ExportedCollection, *, with_vectors: bool) -> BundleHeader:
    wanted = {
        "name": collection.name,
        "language": collection.language,
        "chunking": collection.chunking,
        "embedding_template": collection.embedding_template,
        "ttl_seconds": collection.ttl_seconds,
        "settings": collection.settings,
    }
    return BundleHeader.of(wanted, collection.model, collection.dimensions, vectors=with_vectors)
