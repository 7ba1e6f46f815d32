"""A collection out of a bundle: as it was, with its times and, if the bundle has them, its vectors."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from shared.cache.protocol import Cache
from shared.database.units_of_work import Database
from shared.domain.bundles import (
    BundleDocument,
    BundleHeader,
    has_documents_already,
    read_document,
    read_vector,
)
from shared.domain.cache_scopes import scopes_of
from shared.domain.document_writes import WriteStatus
from shared.domain.embedding_spaces import EmbeddingSpace
from shared.domain.principals import Principal
from shared.errors import CollectionNotFound, EmbeddingSpaceMismatch, QuotaExceeded
from shared.repositories import bundles
from shared.repositories.bundles import RestoredVector
from shared.repositories.collections import LiveCollection, find_collection
from shared.repositories.document_storage import find_versions
from shared.services.create_collection import create_collection
from shared.services.index_documents import (
    chunk_changed,
    groups_of,
    hash_documents,
    index_documents,
    refuse_vector,
)


@dataclass(frozen=True, slots=True)
class BundleTarget:
    """Where a bundle goes. `merge` lets documents into a collection that has some."""

    name: str
    space: EmbeddingSpace
    merge: bool
    with_vectors: bool


async def import_bundle(
    database: Database,
    cache: Cache,
    principal: Principal,
    target: BundleTarget,
    header: BundleHeader,
    lines: Iterable[bytes],
    on_progress: Callable[[int], None],
) -> Counter[str]:
    """Store the documents of a bundle that has been checked, whose `lines` are read once.

    Returns how many were created, updated and unchanged. What was stored stays when this is interrupted; the
    same again, merging, goes on. Raises Conflict for a collection that has documents, EmbeddingSpaceMismatch
    for vectors of another model than the collection's, InvalidBundle for a line that is no document,
    QuotaExceeded when a group does not fit into the collection any more.
    """
    collection = await _open(database, cache, principal, target, header)
    outcomes: Counter[str] = Counter()
    dimensions = header.embedding.dimensions if target.with_vectors and header.vectors else None
    for documents in groups_of(_documents(lines)):
        outcomes.update(await _store(database, principal, collection, documents, dimensions))
        await cache.invalidate(*scopes_of(collection.known_as))
        on_progress(outcomes.total())
    return outcomes


async def _open(
    database: Database, cache: Cache, principal: Principal, target: BundleTarget, header: BundleHeader
) -> LiveCollection:
    """The collection, made as the header says when it is missing; nothing is written where this raises."""
    try:
        async with database.unit_of_work(principal) as unit:
            live = await find_collection(unit, target.name)
            found = await bundles.find_exported(unit, live.id)
            if not target.merge and await bundles.has_documents(unit, found.id):
                raise has_documents_already(target.name)
        space = EmbeddingSpace(found.model, found.dimensions)
        _refuse_other_space(header, space, target)
    except CollectionNotFound:
        own = header.collection.embedding
        space = target.space if own is None else EmbeddingSpace(own.model, own.dimensions)
        _refuse_other_space(header, space, target)
        wanted = header.collection.model_copy(update={"name": target.name})
        await create_collection(database, cache, principal, target.space, wanted)
    async with database.unit_of_work(principal) as unit:
        return await find_collection(unit, target.name)


def _refuse_other_space(header: BundleHeader, space: EmbeddingSpace, target: BundleTarget) -> None:
    theirs = header.embedding
    wanted = header.vectors and target.with_vectors
    if wanted and (theirs.model, theirs.dimensions) != (space.model, space.dimensions):
        raise EmbeddingSpaceMismatch(
            f"The bundle's vectors are made by {theirs.model} ({theirs.dimensions} dimensions), those of"
            f" {target.name} by {space.model} ({space.dimensions}): import it without its vectors."
        )


async def _store(
    database: Database,
    principal: Principal,
    collection: LiveCollection,
    documents: list[BundleDocument],
    dimensions: int | None,
) -> list[str]:
    """What became of each document; without `dimensions` their vectors are left out."""
    if dimensions is None:
        documents = [document.model_copy(update={"vector": None}) for document in documents]
    for document in documents:
        refuse_vector(collection, document)
    hashed = hash_documents(collection, documents)
    async with database.unit_of_work(principal) as unit:
        versions = await find_versions(unit, collection.id, [document.id for document in documents])
    chunks = await asyncio.to_thread(chunk_changed, collection, hashed, versions)
    vectors = [] if dimensions is None else [*_vectors(documents, dimensions)]
    async with database.unit_of_work(principal) as unit:
        plan = await index_documents(unit, collection, hashed, chunks)
        if WriteStatus.REFUSED in plan.statuses.values():
            raise QuotaExceeded
        await bundles.restore_times(unit, collection.id, documents)
        await bundles.restore_vectors(unit, collection.id, vectors)
    return list(plan.statuses.values())


def _vectors(documents: list[BundleDocument], dimensions: int) -> Iterator[RestoredVector]:
    for document in documents:
        for chunk in document.chunks:
            vector = read_vector(chunk.vector, dimensions)
            yield RestoredVector(document.id, bytes.fromhex(chunk.hash), vector)


def _documents(lines: Iterable[bytes]) -> Iterator[BundleDocument]:
    """Without the header and the footer."""
    for (number, line), _ in pairwise(enumerate(lines, 1)):
        if number > 1:
            yield read_document(line, number)
