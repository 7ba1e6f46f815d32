"""The words of a collection as they are written."""

from collections.abc import Sequence

from shared.database.statements import SqlFile
from shared.database.units_of_work import UnitOfWork

SQL = SqlFile("shared.repositories.sql", "vocabulary")


async def add_words(unit: UnitOfWork, collection_id: int, language: str, texts: Sequence[str]) -> None:
    """Note the words of texts that are in the index. The caller holds the collection's lock."""
    await unit.send(
        SQL["add_words"], collection_id=collection_id, language=language, texts=list(dict.fromkeys(texts))
    )
