from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel

from shared.domain.keys import ListedKey
from shared.http.key_answers import KeyAnswer
from shared.http.paging import encode_cursor


class KeyList(BaseModel):
    """A page of keys, by id; `cursor` asks for the next."""

    keys: list[KeyAnswer]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[ListedKey], more: bool) -> Self:
        """These keys, with a cursor when there are more."""
        return cls(
            keys=[KeyAnswer.model_validate(item) for item in found],
            cursor=encode_cursor(found[-1].id) if more else None,
        )
