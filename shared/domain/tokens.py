"""Search tokens: what one may say, and whom it makes of its bearer."""

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared.domain.filters import FilterText
from shared.domain.keys import KeyLimits, Pattern, StoredKey, covers, narrowed
from shared.domain.names import Readers
from shared.domain.principals import Limits, Permission, Principal, Signer

# All that a token may do, where its key may.
SEARCHING = frozenset({Permission.DOCUMENTS_SEARCH})
MOST_FIELDS = 200


def _seconds(value: object) -> object:
    """Of JSON's values `true` is no number, and what is infinite is no time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number of seconds since 1970")
    return value


def _once_each(fields: list[str]) -> list[str]:
    return sorted(set(fields))


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=2**40)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~:@=+-]{1,128}$")]


class TokenClaims(BaseModel):
    """What a token says; each claim narrows what its key may, and none widens it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    exp: Seconds
    nbf: Seconds | None = None
    iat: Seconds | None = None
    sub: Name | None = None
    jti: Name | None = None
    collections: list[Pattern] | None = Field(default=None, min_length=1, max_length=100)
    filter: FilterText | None = None
    fields: (
        Annotated[
            list[Annotated[str, StringConstraints(min_length=1, max_length=500)]],
            Field(max_length=MOST_FIELDS),
            AfterValidator(_once_each),
        ]
        | None
    ) = None
    readers: Readers | None = None
    limits: KeyLimits | None = None


def bearer_of(claims: TokenClaims, key: StoredKey) -> Principal:
    """Whom a token makes of its bearer. Raises ValueError, naming the claim that is more than its key may."""
    signer = key.principal
    patterns = key.collections if claims.collections is None else claims.collections
    if not all(covers(key.collections, pattern) for pattern in patterns):
        raise ValueError("collections has more than its key may enter")
    readers = key.readers if claims.readers is None else claims.readers
    if key.readers is not None and readers is not None and not set(readers) <= set(key.readers):
        raise ValueError("readers has more than its key may read for")
    return Principal(
        name=f"token:{key.id}:{claims.sub or claims.jti or '-'}",
        permissions=signer.permissions & SEARCHING,
        collections=tuple(patterns),
        readers=None if readers is None else tuple(readers),
        filter=claims.filter,
        fields=None if claims.fields is None else tuple(claims.fields),
        limits=_limits(signer.limits, claims.limits),
        signer=Signer(signer.name, signer.limits),
    )


def _limits(of_key: Limits | None, wanted: KeyLimits | None) -> Limits | None:
    limits: dict[str, Any] | None = narrowed(of_key, wanted)
    return None if limits is None else Limits(**limits)
