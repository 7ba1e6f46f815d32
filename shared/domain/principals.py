"""Who is asking, what they may do, and what they may see."""

import hashlib
import json
from enum import StrEnum
from typing import NamedTuple

from shared.errors import PermissionDenied


class Permission(StrEnum):
    COLLECTIONS_READ = "collections:read"
    COLLECTIONS_WRITE = "collections:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_SEARCH = "documents:search"
    DOCUMENTS_WRITE = "documents:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    AUDIT_READ = "audit:read"
    MAINTENANCE = "maintenance"


EVERY_COLLECTION = ("*",)


class Limits(NamedTuple):
    """How much one caller may ask for, where that is something else than what all may; None says nothing.

    `max_limit` is the most hits of one search. The days are those of UTC.
    """

    requests_per_second: float | None = None
    burst: int | None = None
    searches_per_day: int | None = None
    embedded_tokens_per_day: int | None = None
    max_limit: int | None = None


class Signer(NamedTuple):
    """The key that has signed a caller's token: what it may ask for is for all of its tokens together."""

    name: str
    limits: Limits | None


class Principal(NamedTuple):
    """A caller. `name` goes into logs, claims and the audit, so it never is or contains a secret.

    `collections` are names, or beginnings of names with a `*` after them. With `readers` only documents are
    seen that have no readers of their own or share one of these; None sees all. `filter` is one that every
    search has, `fields` are the metadata fields that exist for this caller; None leaves searches as they are.
    `signer` is who has signed the caller's token, where that is no issuer.
    """

    name: str
    permissions: frozenset[Permission]
    collections: tuple[str, ...] = EVERY_COLLECTION
    readers: tuple[str, ...] | None = None
    filter: str | None = None
    fields: tuple[str, ...] | None = None
    limits: Limits | None = None
    signer: Signer | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def may_enter(self, collection: str) -> bool:
        """Whether the name is one of those that the caller may use, whatever there is by that name."""
        return any(
            collection.startswith(pattern[:-1]) if pattern.endswith("*") else collection == pattern
            for pattern in self.collections
        )

    def enter(self, collection: str, *, field: str = "collection") -> None:
        """Raise PermissionDenied unless it may be entered, the same whether or not there is one."""
        if not self.may_enter(collection):
            raise PermissionDenied(
                details=[{"field": field, "message": "not one of the caller's collections"}]
            )

    @property
    def sees_all_documents(self) -> bool:
        return self.readers is None and self.filter is None

    @property
    def sees_whole_collections(self) -> bool:
        return self.sees_all_documents and self.fields is None

    @property
    def holders(self) -> "tuple[Principal | Signer, ...]":
        """Whose limits a request is within, the caller's first."""
        return (self,) if self.signer is None else (self, self.signer)

    @property
    def accounted_to(self) -> str:
        """Whose use a request is: of a token, that of the key that has signed it."""
        return self.holders[-1].name

    @property
    def most_hits(self) -> int | None:
        return None if self.limits is None else self.limits.max_limit

    @property
    def view(self) -> str:
        """What decides the caller's answers: those with the same view may have each other's."""
        is_narrowed = self.collections != EVERY_COLLECTION or self.most_hits is not None
        if self.sees_whole_collections and not is_narrowed:
            return "all"
        seen = [
            sorted(self.collections),
            None if self.readers is None else sorted(self.readers),
            self.filter,
            None if self.fields is None else sorted(self.fields),
            self.most_hits,
        ]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:32]


ADMIN = Principal("admin", frozenset(Permission))
# Queue and schedule functions act as this principal.
WORKER = Principal("worker", frozenset({Permission.MAINTENANCE, Permission.DOCUMENTS_WRITE}))
