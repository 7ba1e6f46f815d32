"""Which days of whom are asked for, and what was used on them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.database.rows import UsageRow
from shared.domain.texts import storable_text
from shared.errors import InvalidCursor
from shared.http.paging import decode_cursor, encode_cursor

PrincipalName = Annotated[str | None, Query(max_length=500), AfterValidator(storable_text)]


class DayUsage(BaseModel):
    """What one principal has used on one day of UTC, as far as it has been reported: a minute ago, mostly."""

    model_config = ConfigDict(from_attributes=True)

    day: date
    principal: str
    searches: int
    embedded_queries: int
    embedded_tokens: int = Field(description="Of queries, estimated.")
    documents_written: int
    document_tokens: int = Field(description="Of documents, estimated, as workers have embedded them.")
    last_used_at: datetime


class UsageList(BaseModel):
    """A page of days, the oldest first; `cursor` asks for the next."""

    usage: list[DayUsage]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[UsageRow], more: bool) -> Self:
        """These, with a cursor when there are more."""
        return cls(
            usage=[DayUsage.model_validate(item) for item in found],
            cursor=encode_cursor(f"{found[-1].day} {found[-1].principal}") if more else None,
        )


def read_cursor(cursor: str | None) -> tuple[date, str]:
    """The day and principal to go on after. Raises InvalidCursor."""
    if cursor is None:
        return date.min, ""
    day, _, principal = decode_cursor(cursor).partition(" ")
    try:
        return date.fromisoformat(day), principal
    except ValueError:
        raise InvalidCursor(details=[{"field": "cursor", "message": "not a cursor of this list"}]) from None
