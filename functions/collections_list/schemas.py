from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel

from shared.http.collection_answers import CollectionAnswer
from shared.http.paging import encode_cursor
from shared.repositories.collections import CountedCollection


class CollectionList(BaseModel):
    """A page of collections, by name; `cursor` asks for the next."""

    collections: list[CollectionAnswer]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[CountedCollection], more: bool) -> Self:
        """These collections, with a cursor when there are more."""
        return cls(
            collections=[CollectionAnswer.model_validate(item) for item in found],
            cursor=encode_cursor(found[-1].name) if more else None,
        )
