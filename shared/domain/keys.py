"""API keys: what each may do, and whom it may let do what."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.domain.names import Readers
from shared.domain.principals import Limits, Permission, Principal
from shared.errors import InvalidRequest, PermissionDenied

MAX_OVERLAP_SECONDS = 30 * 86_400
_EVERYTHING = "*"
# What a key may do that sees a part of its collections: a write would change what it does not see.
READING = frozenset({Permission.COLLECTIONS_READ, Permission.DOCUMENTS_READ, Permission.DOCUMENTS_SEARCH})
ACTIONS = (
    *(permission.value for permission in Permission),
    *sorted({f"{permission.value.partition(':')[0]}:*" for permission in Permission if ":" in permission}),
    _EVERYTHING,
)

Pattern = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._~:@=+-]{1,256}\*?|\*)$")]
Action = Annotated[str, Field(json_schema_extra={"enum": list(ACTIONS)})]


class StoredKey(NamedTuple):
    """What a key is checked against. `limits` are fields of Limits."""

    id: str
    hash: bytes
    sealed_token_key: bytes
    actions: list[str]
    collections: list[str]
    readers: list[str] | None
    limits: dict[str, Any] | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def has_ended(self, now: datetime) -> bool:
        return any(ending is not None and ending <= now for ending in (self.expires_at, self.revoked_at))

    @property
    def principal(self) -> Principal:
        return Principal(
            name=f"key:{self.id}",
            permissions=permissions_of(self.actions),
            collections=tuple(self.collections),
            readers=None if self.readers is None else tuple(self.readers),
            limits=None if self.limits is None else Limits(**self.limits),
        )


class ListedKey(NamedTuple):
    """A key as those see it who may know of it."""

    id: str
    description: str
    actions: list[str]
    collections: list[str]
    readers: list[str] | None
    limits: dict[str, Any] | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    last_used_at: datetime | None


class KeyLimits(BaseModel):
    """How much may be asked for with the key, where that is something else than for all."""

    model_config = ConfigDict(extra="forbid")

    requests_per_second: float | None = Field(default=None, gt=0, le=1_000_000)
    burst: int | None = Field(default=None, ge=1, le=1_000_000)
    searches_per_day: int | None = Field(default=None, ge=0, le=2**53)
    embedded_tokens_per_day: int | None = Field(default=None, ge=0, le=2**53)
    max_limit: int | None = Field(default=None, ge=1, le=100, description="The most hits of one search.")

    @model_validator(mode="after")
    def _burst_of_a_rate(self) -> "KeyLimits":
        if self.burst is not None and self.requests_per_second is None:
            raise ValueError("burst needs requests_per_second")
        return self


class NewKey(BaseModel):
    """What a key is to be for. One that replaces another may what that may, unless it says otherwise."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "description": "search box of the shop",
                    "actions": ["documents:search"],
                    "collections": ["products", "shop_*"],
                }
            ]
        },
    )

    description: Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00]*$")] = ""
    actions: list[Action] | None = Field(default=None, min_length=1, max_length=len(ACTIONS))
    collections: list[Pattern] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Names, or beginnings of names with a `*` after them; `*` is every collection.",
    )
    readers: Readers | None = Field(
        default=None,
        description="The key sees documents without readers, and those with one of these. Null sees all.",
    )
    expires_at: AwareDatetime | None = Field(default=None, description="In the future. Null is never.")
    limits: KeyLimits | None = None
    replaces: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")] | None = Field(
        default=None, description="The id of a key that ends when this one has been in use for the overlap."
    )
    overlap_seconds: int = Field(default=0, ge=0, le=MAX_OVERLAP_SECONDS)

    @model_validator(mode="after")
    def _what_it_is_for(self) -> "NewKey":
        if self.replaces is None and (self.actions is None or self.collections is None):
            raise ValueError("actions and collections are needed, unless the key replaces another")
        return self


def permissions_of(actions: Iterable[str]) -> frozenset[Permission]:
    """What actions come to; one of a later release that this one does not know is nothing."""
    wanted = set(actions)
    return frozenset(
        permission
        for permission in Permission
        if wanted & {permission.value, f"{permission.value.partition(':')[0]}:*", _EVERYTHING}
    )


def actions_within(principal: Principal) -> list[str]:
    """All actions that the principal may give to a key."""
    return [action for action in ACTIONS if permissions_of([action]) <= principal.permissions]


def covers(patterns: Sequence[str], pattern: str) -> bool:
    """Whether every name of the pattern is one of the patterns' too."""
    return any(
        pattern.startswith(known[:-1]) if known.endswith("*") else pattern == known for known in patterns
    )


def refuse_more(
    principal: Principal,
    actions: Sequence[str],
    collections: Sequence[str],
    readers: Sequence[str] | None,
) -> None:
    """Refuse a key that may more than its maker, or that may write and sees a part.

    Raises InvalidRequest for what nobody may, PermissionDenied for what others may.
    """
    for action in actions:
        if action not in ACTIONS:
            raise InvalidRequest(details=[{"field": "actions", "message": f"one of {', '.join(ACTIONS)}"}])
        if readers is not None and not permissions_of([action]) <= READING:
            message = f"a key with readers can only read and search, so not {action}"
            raise InvalidRequest(details=[{"field": "actions", "message": message}])
        if action not in actions_within(principal):
            raise _more("actions", action)
    for pattern in collections:
        if not covers(principal.collections, pattern):
            raise _more("collections", pattern)
    known = principal.readers
    if known is not None and (readers is None or not set(readers) <= set(known)):
        raise _more("readers", "the maker's own alone")


def narrowed(of_maker: Limits | None, wanted: KeyLimits | None) -> dict[str, Any] | None:
    """The limits wanted, each no higher than that of the maker; those not wanted are the maker's."""
    given = (of_maker or Limits())._asdict()
    asked = {} if wanted is None else wanted.model_dump()
    limits = {
        name: min(limit for limit in (given[name], asked.get(name)) if limit is not None)
        for name in given
        if given[name] is not None or asked.get(name) is not None
    }
    return limits or None


def _more(field: str, message: str) -> PermissionDenied:
    return PermissionDenied(
        "A key cannot make one that may more than itself.", details=[{"field": field, "message": message}]
    )
