"""Which entries of the audit are asked for, and how they look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.database.rows import AuditEntryRow
from shared.domain.moments import Moment
from shared.domain.names import CollectionName
from shared.domain.texts import storable_text
from shared.errors import InvalidCursor
from shared.http.paging import decode_cursor, encode_cursor
from shared.repositories.audit import AuditFilter

_GREATEST_ID = 2**63 - 1

Since = Annotated[Moment | None, Query(description="Written at this moment or later.")]
Until = Annotated[Moment | None, Query(description="Written before this moment.")]
ByPrincipal = Annotated[
    str | None,
    Query(max_length=500, description="By whom: `admin`, `worker`, `key:` and the key's id."),
    AfterValidator(storable_text),
]
OfAction = Annotated[
    str | None,
    Query(max_length=100, description="As in `documents.upsert`."),
    AfterValidator(storable_text),
]
InCollection = Annotated[CollectionName | None, Query(description="By the name that it had then.")]


OfOutcome = Annotated[
    str | None,
    Query(max_length=100, description="`done`, or why it was refused: `permission_denied`, `key_ended`."),
    AfterValidator(storable_text),
]


async def read_filter(
    since: Since = None,
    until: Until = None,
    principal: ByPrincipal = None,
    action: OfAction = None,
    collection: InCollection = None,
    outcome: OfOutcome = None,
) -> AuditFilter:
    return AuditFilter(since, until, principal, action, collection, outcome)


Wanted = Annotated[AuditFilter, Depends(read_filter)]


class AuditEntry(BaseModel):
    """Who has written what, or was refused. `objects` are the first hundred ids of `object_count`."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    written_at: datetime
    principal: str
    action: str
    collection: str | None = Field(description="Null for what is in none.")
    objects: list[str]
    object_count: int
    request_id: str | None = Field(description="Of a worker, what its log has.")
    address: str | None
    outcome: str = Field(description="`done`, or the code of the error that it was refused with.")


class AuditList(BaseModel):
    """A page of entries, the newest first; `cursor` asks for the next."""

    entries: list[AuditEntry]
    cursor: str | None

    @classmethod
    def page(cls, found: Sequence[AuditEntryRow], more: bool) -> Self:
        """These, with a cursor when there are more."""
        return cls(
            entries=[AuditEntry.model_validate(item) for item in found],
            cursor=encode_cursor(str(found[-1].id)) if more else None,
        )


def read_cursor(cursor: str | None) -> int | None:
    """The entry to go on before, None for the first page. Raises InvalidCursor."""
    if cursor is None:
        return None
    text = decode_cursor(cursor)
    if not (text.isascii() and text.isdecimal() and int(text) <= _GREATEST_ID):
        raise InvalidCursor(details=[{"field": "cursor", "message": "not a cursor of this list"}])
    return int(text)
