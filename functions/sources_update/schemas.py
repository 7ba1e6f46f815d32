from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.domain.sources import ScheduleSeconds, SourceSettings
from shared.services.update_source import SourceChange


class SourceUpdate(BaseModel):
    """What to change of a source."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"schedule_seconds": 3600}, {"approve_deletions": True}]},
    )

    schedule_seconds: ScheduleSeconds | None = Field(
        default=None, description="Seconds between two refreshes; null for none but those asked for."
    )
    settings: SourceSettings | None = Field(default=None, description="All settings anew.")
    paused: bool | None = Field(default=None, description="Whether nothing is refreshed; false goes on.")
    approve_deletions: bool = Field(
        default=False, description="Let a source that is asking delete as many documents as it asked for."
    )
    refresh: bool = Field(default=False, description="Refresh it now.")

    @model_validator(mode="after")
    def _something_to_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "name at least one of schedule_seconds, settings, paused, approve_deletions, refresh"
            )
        return self

    def change(self) -> SourceChange:
        without = "schedule_seconds" in self.model_fields_set and self.schedule_seconds is None
        return SourceChange(
            self.schedule_seconds,
            without,
            self.settings,
            self.paused,
            self.approve_deletions,
            self.refresh,
        )
