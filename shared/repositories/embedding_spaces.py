"""Embedding spaces: the vector index that each larger collection has of its own."""

from typing import NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain import ranking
from shared.errors import CollectionNotFound

SQL = SqlFile("shared.repositories.sql", "embedding_spaces")
_SCHEMA = "concord_embedding"


class IndexableCollection(NamedTuple):
    """A live collection, and whether its vectors have their index."""

    id: int
    name: str
    space_id: int
    dimensions: int
    chunks: int
    has_index: bool

    @property
    def index_name(self) -> str:
        return f"collection_{self.id}_space_{self.space_id}_idx"

    @property
    def unfinished_name(self) -> str:
        """What the index is called until it can be used."""
        return f"collection_{self.id}_space_{self.space_id}_building"

    @property
    def is_outgrown(self) -> bool:
        """Whether exact scans take too long."""
        return self.chunks > ranking.EXACT_CHUNKS


class _Definition(NamedTuple):
    definition: str


class _Progress(NamedTuple):
    done: int


class _Size(NamedTuple):
    bytes: int | None


async def find_outgrown_collections(unit: UnitOfWork) -> list[IndexableCollection]:
    """Those that have outgrown exact scans and have no index yet, the smallest first."""
    return await unit.rows(
        SQL["find_outgrown_collections"], IndexableCollection, exact_chunks=ranking.EXACT_CHUNKS
    )


async def find_indexable_collection(unit: UnitOfWork, name: str) -> list[IndexableCollection]:
    """In each space that it is searched in, or is to be. Raises CollectionNotFound."""
    found = await unit.rows(SQL["find_indexable_collection"], IndexableCollection, name=name)
    if not found:
        raise CollectionNotFound(details=[{"field": "collection", "message": f"no {name}"}])
    return found


async def index_collection_vectors(
    unit: UnitOfWork, collection: IndexableCollection, *, seconds: float
) -> None:
    """Build the collection's index, unless somebody has. Those who write vectors of its space wait meanwhile.

    The server gives up after `seconds`.
    """
    await unit.send(SQL["limit_build"], milliseconds=str(max(int(seconds * 1000), 1)))
    await unit.send(
        SQL["index_collection_vectors"], collection_id=collection.id, space_id=collection.space_id
    )


async def drop_collection_index(unit: UnitOfWork, collection_id: int) -> None:
    """Take away the index of a deleted collection, and what is left of an unfinished one."""
    await unit.send(SQL["drop_collection_index"], collection_id=collection_id)


async def prepare_build(session: UnitOfWork, *, megabytes: int, workers: int) -> None:
    """Of a session outside any transaction, as are those of the functions below."""
    await session.send(SQL["prepare_build"], memory=f"{megabytes}MB", workers=str(workers))


async def build_concurrently(session: UnitOfWork, collection: IndexableCollection) -> None:
    """Build the index while others write, anew where an earlier build was interrupted."""
    defined = await session.rows(
        SQL["define_index"], _Definition, collection_id=collection.id, space_id=collection.space_id
    )
    unfinished = collection.unfinished_name
    await session.send(SQL["drop_unfinished"].with_slot("index", unfinished))
    build = SQL["build_unfinished"].with_slot("index", unfinished)
    await session.send(build.with_slot("definition", defined[0].definition))
    await session.send(
        SQL["finish_index"].with_slot("index", unfinished).with_slot("finished", collection.index_name)
    )


async def read_progress(session: UnitOfWork, collection: IndexableCollection) -> int:
    """Vectors that the unfinished index has, as far as it has any."""
    index = f"{_SCHEMA}.{collection.unfinished_name}"
    progress = await session.row(SQL["read_progress"], _Progress, index=index)
    return progress.done if progress else 0


async def measure_index(session: UnitOfWork, collection: IndexableCollection) -> int:
    """Bytes of the index; 0 without one."""
    sizes = await session.rows(SQL["measure_index"], _Size, index=f"{_SCHEMA}.{collection.index_name}")
    return sizes[0].bytes or 0
