"""The words of a collection as they are written."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.database.statements import SqlFile
from shared.database.units_of_work import Pending, UnitOfWork

SQL = SqlFile("shared.repositories.sql", "vocabulary")
# Completions that are counted beside the words before them.
_LOOKED_AT = 30


class SuggestedWord(NamedTuple):
    """A word, and how many documents have it beside the words before it."""

    word: str
    documents: int


async def add_words(unit: UnitOfWork, collection_id: int, language: str, texts: Sequence[str]) -> None:
    """Note the words of texts that are in the index. The caller holds the collection's lock."""
    await unit.send(
        SQL["add_words"], collection_id=collection_id, language=language, texts=list(dict.fromkeys(texts))
    )


async def start_suggestions(
    unit: UnitOfWork, collection_id: int, language: str, *, earlier: Sequence[str], typed: str, limit: int
) -> Pending[SuggestedWord]:
    """What `typed`, in lower case, may become, likeliest first."""
    return await unit.start(
        SQL["suggest_words"],
        SuggestedWord,
        collection_id=collection_id,
        language=language,
        earlier=list(earlier),
        typed=typed,
        limit=limit,
        looked_at=max(limit, _LOOKED_AT),
    )
