"""Embedding spaces: the vector index of those that need one."""

from typing import NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork
from shared.domain import ranking

SQL = SqlFile("shared.repositories.sql", "embedding_spaces")


class UnindexedSpace(NamedTuple):
    id: int


async def find_spaces_to_index(unit: UnitOfWork) -> list[int]:
    """The spaces with a collection that has outgrown exact scans, and no index yet."""
    spaces = await unit.rows(SQL["find_spaces_to_index"], UnindexedSpace, exact_chunks=ranking.EXACT_CHUNKS)
    return [space.id for space in spaces]


async def index_embedding_space(unit: UnitOfWork, space_id: int) -> None:
    """Build the space's HNSW index, unless somebody has. Those who write its vectors wait meanwhile."""
    await unit.send(SQL["allow_long_statement"])
    await unit.send(SQL["index_embedding_space"], space_id=space_id)
