"""Moments as callers write them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

# Later ones are not read back in every time zone.
LAST_YEAR = 9_998


def written_as_date(value: object) -> object:
    """Refuse a number, of which nobody knows whether it counts seconds or milliseconds."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and value[4:5] == "-"):
        raise ValueError("must be a date and time with an offset, as in 2027-01-31T12:00:00Z")
    return value


def in_utc(moment: datetime) -> datetime:
    """The same moment, whose text is the same wherever it was written."""
    if moment.year > LAST_YEAR:
        raise ValueError(f"must be within the year {LAST_YEAR}; null is for ever")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be within the years from 1") from None


def yet_to_come(moment: datetime) -> datetime:
    """Refuse what would be gone before anybody sees it, which rather is a mistake."""
    if moment <= datetime.now(UTC):
        raise ValueError("must be in the future")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(written_as_date), AfterValidator(in_utc)]
ExpiresAt = Annotated[Moment, AfterValidator(yet_to_come)]
