from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel

from shared.database.rows import ImportRow
from shared.http.import_answers import ImportAnswer
from shared.http.paging import encode_cursor


class ImportList(BaseModel):
    """A page of imports, the newest first; `cursor` asks for the next."""

    imports: list[ImportAnswer]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[ImportRow], more: bool) -> Self:
        return cls(
            imports=[ImportAnswer.model_validate(item) for item in found],
            cursor=encode_cursor(found[-1].id) if more else None,
        )
