"""What answers cost: in each answer, in budgets of a day, and in the reports that are added up."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

from shared.domain.correlation import is_correlation_id
from shared.errors import InvalidRequest

# Of a report: its message stays well below what a queue takes (256 KiB).
MOST_ENTRIES = 500
# The principal of what is counted for all of them together.
EVERYBODY = ""


class Usage(BaseModel):
    """What this answer has cost; one that was kept from before has embedded nothing."""

    searches: int = 0
    embedded_queries: int = 0
    embedded_tokens: int = Field(default=0, description="Of queries, estimated.")
    documents_written: int = 0
    document_tokens: int = Field(
        default=0, description="Of documents, estimated. Workers embed them, so that no answer has any."
    )

    def plus(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})

    def as_field(self) -> str:
        """As a dictionary of structured fields (RFC 9651); what is 0 is left out, but for the searches."""
        used = {"searches": self.searches, **self.model_dump(exclude_defaults=True)}
        return ", ".join(f"{name}={count}" for name, count in used.items())


class Metered(BaseModel):
    """An answer that tells what it has cost."""

    usage: Usage


class Demand(NamedTuple):
    """An amount to be counted for a principal on a day, unless that would pass its limit."""

    principal: str
    counted: Literal["searches", "embedded_tokens"]
    amount: int
    limit: int | None

    def refuses(self, spent: int) -> bool:
        """An amount of 0 asks whether anything is left."""
        return self.limit is not None and spent + max(self.amount, 1) > self.limit


class UsageEntry(NamedTuple):
    """What a principal has used on a day of UTC."""

    day: date
    principal: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Entries that are to be added up once, however often their message comes."""

    entries: tuple[UsageEntry, ...]
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    correlation_id: str | None = None

    def to_message(self) -> str:
        """`{"id", "usage": [{"day", "principal", "searches", …}]}`; what is 0 is left out."""
        usage = [
            {
                "day": entry.day.isoformat(),
                "principal": entry.principal,
                **entry.usage.model_dump(exclude_defaults=True),
            }
            for entry in self.entries
        ]
        fields = {"id": str(self.id), "usage": usage, "correlation_id": self.correlation_id}
        known = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(known, separators=(",", ":"))

    @classmethod
    def from_message(cls, body: str) -> "UsageReport":
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            fields = json.loads(body)
            entries = tuple(_entry(dict(entry)) for entry in fields["usage"])
            report = cls(entries, uuid.UUID(fields["id"]), fields.get("correlation_id"))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InvalidRequest("The usage report is malformed.") from None
        if report.correlation_id is not None and not is_correlation_id(report.correlation_id):
            raise InvalidRequest("The correlation_id of a usage report is malformed.")
        return report


def _entry(fields: dict[str, object]) -> UsageEntry:
    day, principal = date.fromisoformat(str(fields.pop("day"))), str(fields.pop("principal"))
    return UsageEntry(day, principal, Usage.model_validate(fields, strict=True))


def today() -> date:
    return datetime.now(UTC).date()


def seconds_until_tomorrow(now: datetime) -> int:
    """To the next midnight of UTC, 1 at least."""
    tomorrow = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    return max(1, round((tomorrow - now).total_seconds()))
