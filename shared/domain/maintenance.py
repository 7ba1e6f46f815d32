"""How long things are kept, and the message by which a write asks for maintenance, where no clock does."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.correlation import is_correlation_id
from shared.errors import InvalidRequest


class Retention(NamedTuple):
    """Days after which entries of the audit and rows of usage are removed."""

    audit_days: int = 365
    usage_days: int = 400


KEPT_AS_USUAL = Retention()


@dataclass(frozen=True, slots=True)
class MaintainRequest:
    """Something was written that maintenance has to follow; what that is stands in the database.

    A `correlation_id` that is none raises InvalidRequest.
    """

    correlation_id: str | None = None

    def __post_init__(self) -> None:
        if self.correlation_id is not None and not is_correlation_id(self.correlation_id):
            raise InvalidRequest("The correlation_id of a maintenance request is malformed.")

    def to_message(self) -> str:
        """The message's body: `{"maintain": "indexes"}`, with the `correlation_id` if there is one."""
        fields = {"maintain": "indexes"}
        if self.correlation_id is not None:
            fields["correlation_id"] = self.correlation_id
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_message(cls, body: str) -> "MaintainRequest":
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            fields = json.loads(body)
        except ValueError:
            raise InvalidRequest("The maintenance request is not JSON.") from None
        match fields:
            case {"maintain": "indexes", **rest} if not rest.keys() - {"correlation_id"}:
                return cls(fields.get("correlation_id"))
            case _:
                raise InvalidRequest('A maintenance request is {"maintain": "indexes"}.')
