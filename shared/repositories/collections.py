"""Collections: their rows, their counts, and the purge of deleted ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork
from shared.domain.embedding_spaces import EmbeddingSpace, OwnSpace
from shared.errors import CollectionExists, CollectionNotFound, DatabaseError, UnknownLanguage

SQL = SqlFile("shared.repositories.sql", "collections")


class CountedCollection(NamedTuple):
    """A live collection as callers see it; `pending` and `failed` count documents without all vectors.

    `settings` is read for single collections alone: a hundred of them may be more than an answer holds.
    """

    name: str
    language: str
    chunking: str
    embedding_template: list[str]
    model: str
    dimensions: int
    created_at: datetime
    updated_at: datetime
    documents: int
    chunks: int
    pending: int
    failed: int
    settings: dict[str, Any]
    ttl_seconds: int | None
    own_vectors: bool
    max_documents: int | None

    @property
    def embedding(self) -> OwnSpace | None:
        """The space that it was made with, if that was one of its own."""
        if not self.own_vectors:
            return None
        return OwnSpace(provider="own", model=self.model, dimensions=self.dimensions)


class LiveCollection(NamedTuple):
    """What writing to a collection takes. `known_as` are its name and its aliases.

    `gone` is what shared.services.gone_documents reads.
    """

    id: int
    name: str
    language: str
    space_id: int
    chunking: str
    embedding_template: list[str]
    known_as: list[str]
    ttl_seconds: int | None
    own_vectors: bool
    dimensions: int
    gone: dict[str, Any] | None


class Identified(NamedTuple):
    id: int


class HeldCollection(NamedTuple):
    id: int
    updated_at: datetime


class Named(NamedTuple):
    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    count: int


async def start_collection(unit: UnitOfWork, name: str) -> Pending[LiveCollection]:
    return await unit.start(SQL["find_collection"], LiveCollection, name=name)


async def found_collection[Row](pending: Pending[Row], name: str) -> Row:
    """Raises CollectionNotFound."""
    return _found(await pending.row(), name)


async def find_collection(unit: UnitOfWork, name: str) -> LiveCollection:
    """The collection of that name or alias. Raises CollectionNotFound."""
    return await found_collection(await start_collection(unit, name), name)


async def find_name(unit: UnitOfWork, collection_id: int) -> str | None:
    """A collection's own name; None when it is deleted."""
    found = await unit.row(SQL["find_name"], Named, collection_id=collection_id)
    return found.name if found else None


async def find_counted_collection(unit: UnitOfWork, name: str) -> CountedCollection:
    """Raises CollectionNotFound."""
    statement = (
        SQL["count_collections"]
        .with_slot("which", "c.id = concord.collection_named(%(name)s)")
        .with_slot("settings", SQL["fragment_settings"].text)
    )
    return _found(await unit.row(statement, CountedCollection, name=name, limit=1), name)


def _found[Row](collection: Row | None, name: str) -> Row:
    if collection is None:
        raise CollectionNotFound(details=[{"field": "collection", "message": f"no {name}"}])
    return collection


async def list_counted_collections(unit: UnitOfWork, *, after: str, limit: int) -> list[CountedCollection]:
    """Live collections by name, from the one after `after`."""
    return await unit.rows(SQL["count_collections"], CountedCollection, name=after, limit=limit)


async def insert_collection(
    unit: UnitOfWork,
    name: str,
    language: str,
    chunking: str,
    template: list[str],
    space: EmbeddingSpace,
    *,
    ttl_seconds: int | None = None,
    own_vectors: bool = False,
    max_documents: int | None = None,
) -> int:
    """Store a collection, and its embedding space when it is the first there; returns its id.

    Raises CollectionExists, UnknownLanguage.
    """
    if await unit.row(SQL["find_language"], Named, language=language) is None:
        message = f"no text search configuration named {language}"
        raise UnknownLanguage(details=[{"field": "language", "message": message}])
    with _refusing_taken(name):
        inserted = await unit.row(
            SQL["insert_collection"],
            Identified,
            name=name,
            language=language,
            chunking=chunking,
            template=template,
            model=space.model,
            dimensions=space.dimensions,
            ttl_seconds=ttl_seconds,
            own_vectors=own_vectors,
            max_documents=max_documents,
        )
    if inserted is None:
        raise _taken(name)
    return inserted.id


async def rename_collection(unit: UnitOfWork, name: str, new_name: str) -> None:
    """Raises CollectionNotFound, CollectionExists."""
    with _refusing_taken(new_name):
        renamed = await unit.row(SQL["rename_collection"], Identified, name=name, new_name=new_name)
    _found(renamed, name)


async def touch_collection(unit: UnitOfWork, name: str) -> int:
    """Mark a collection as changed, and have it alone until the end of `unit`; returns its id.

    Raises CollectionNotFound.
    """
    return _found(await unit.row(SQL["touch_collection"], Identified, name=name), name).id


async def choose_passages(
    unit: UnitOfWork, collection_id: int, chunking: str | None, template: list[str] | None
) -> None:
    """For documents that are written from now on; None leaves what is."""
    await unit.send(SQL["choose_passages"], collection_id=collection_id, chunking=chunking, template=template)


async def choose_ttl(unit: UnitOfWork, collection_id: int, ttl_seconds: int | None) -> None:
    """For documents that are written from now on; None is for ever."""
    await unit.send(SQL["choose_ttl"], collection_id=collection_id, ttl_seconds=ttl_seconds)


async def choose_quota(unit: UnitOfWork, collection_id: int, max_documents: int | None) -> None:
    """How many documents it may have from now on; None is any number."""
    await unit.send(SQL["choose_quota"], collection_id=collection_id, max_documents=max_documents)


@contextmanager
def _refusing_taken(name: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if error.constraint in {"collection_name_live_idx", "name_of_an_alias"}:
            raise _taken(name) from error
        raise


def _taken(name: str) -> CollectionExists:
    return CollectionExists(details=[{"field": "name", "message": f"{name} is taken"}])


async def hold_collection(unit: UnitOfWork, name: str) -> HeldCollection:
    """Keep others from changing the collection of that very name, or giving it an alias.

    Raises CollectionNotFound.
    """
    return _found(await unit.row(SQL["hold_collection"], HeldCollection, name=name), name)


async def bury_collection(unit: UnitOfWork, name: str) -> None:
    """Make a collection invisible and its name free; maintenance purges it. Raises CollectionNotFound."""
    _found(await unit.row(SQL["bury_collection"], Identified, name=name), name)


async def list_live_ids(unit: UnitOfWork) -> list[int]:
    return [row.id for row in await unit.rows(SQL["list_live_ids"], Identified)]


async def list_buried_ids(unit: UnitOfWork) -> list[int]:
    return [row.id for row in await unit.rows(SQL["list_buried_ids"], Identified)]


async def purge_blocks(unit: UnitOfWork, collection_id: int, limit: int) -> int:
    """Remove up to `limit` blocks of a buried collection; returns how many."""
    purged = await unit.rows(SQL["purge_blocks"], Counted, collection_id=collection_id, limit=limit)
    return purged[0].count


async def purge_rest(unit: UnitOfWork, collection_id: int) -> None:
    """Remove what is left of a buried collection once its documents and blocks are gone."""
    await unit.send(SQL["purge_collection"], collection_id=collection_id)
    await unit.send(SQL["delete_collection"], collection_id=collection_id)
