from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel

from shared.http.alias_answers import AliasAnswer
from shared.http.paging import encode_cursor
from shared.repositories.aliases import GivenAlias


class AliasList(BaseModel):
    """A page of aliases, by name; `cursor` asks for the next."""

    aliases: list[AliasAnswer]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[GivenAlias], more: bool) -> Self:
        """These aliases, with a cursor when there are more."""
        return cls(
            aliases=[AliasAnswer.model_validate(item) for item in found],
            cursor=encode_cursor(found[-1].alias) if more else None,
        )
