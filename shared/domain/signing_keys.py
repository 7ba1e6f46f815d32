"""An issuer's public keys, and the message in which those that were fetched get to the database."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.domain.correlation import is_correlation_id
from shared.errors import InvalidRequest

# Issuers have two or three, and a message has 256 KiB.
MOST_KEYS = 100
MOST_BYTES = 100_000


class SigningKey(NamedTuple):
    """A public key by its id. `jwk` has the members of a JWK that make the key, and no others."""

    kid: str
    algorithm: str
    jwk: dict[str, str]


class FetchedKeySet(BaseModel):
    """What an issuer publishes, as it does: nothing of it has been looked at."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    issuer: Annotated[str, Field(min_length=1, max_length=2_000)]
    fetched_at: AwareDatetime
    keys: Annotated[list[dict[str, Any]], Field(max_length=MOST_KEYS)]
    correlation_id: str | None = None

    @classmethod
    def of(cls, issuer: str, fetched_at: datetime, keys: list[dict[str, Any]]) -> Self:
        return cls(issuer=issuer, fetched_at=fetched_at, keys=keys)

    def to_message(self) -> str:
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_message(cls, body: str) -> Self:
        """Read a message's body. Raises InvalidRequest, which does not quote it."""
        try:
            fetched = cls.model_validate_json(body)
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, problem["loc"])) for problem in error.errors()}))
            raise InvalidRequest(f"The set of keys is malformed: {fields or 'no JSON'}.") from None
        if fetched.correlation_id is not None and not is_correlation_id(fetched.correlation_id):
            raise InvalidRequest("The correlation_id of a set of keys is malformed.")
        return fetched
