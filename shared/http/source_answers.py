"""Sources as callers see them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.database.rows import SourceItemRow, SourceRow, SourceRunRow
from shared.domain.sources import SourceKind, SourceSettings, SourceState
from shared.repositories.source_items import ItemCounts


class SourceAnswer(BaseModel):
    """A source."""

    id: str
    kind: SourceKind
    url: str
    schedule_seconds: int | None
    settings: SourceSettings
    state: SourceState
    refreshing: bool = Field(description="Whether a refresh is under way.")
    next_due_at: datetime | None
    failures: int = Field(description="How often in a row it failed as a whole.")
    error: str | None
    deletions: int = Field(description="How many deletions wait for approval, in state `asking`.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, source: SourceRow) -> "SourceAnswer":
        return cls.model_validate({**source._asdict(), "refreshing": source.claimed_until is not None})


class RunAnswer(BaseModel):
    """What a refresh did."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    started_at: datetime
    finished_at: datetime | None
    listed: int
    fetched: int = Field(description="Answered with content, changed or not.")
    not_modified: int
    changed: int = Field(description="Documents created or updated.")
    failed: int
    deleted: int
    error: str | None


class FailingItem(BaseModel):
    """An item whose last try failed; its document, if it had one, is as it was."""

    model_config = ConfigDict(from_attributes=True)

    url: str
    document_id: str
    error: str
    failures: int
    next_try_at: datetime | None


class WholeSource(SourceAnswer):
    """A source with its last runs, the last first, and the first of its failing items."""

    items: int
    failing: int
    pending: int = Field(description="Items that the refresh under way has still to fetch.")
    runs: list[RunAnswer]
    failing_items: list[FailingItem]

    @classmethod
    def whole(
        cls,
        source: SourceRow,
        counts: ItemCounts,
        runs: list[SourceRunRow],
        failing: list[SourceItemRow],
    ) -> "WholeSource":
        return cls.model_validate(
            {
                **SourceAnswer.of(source).model_dump(),
                **counts._asdict(),
                "runs": [RunAnswer.model_validate(run) for run in runs],
                "failing_items": [FailingItem.model_validate(item) for item in failing],
            }
        )
